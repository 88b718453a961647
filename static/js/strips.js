/* Strips stay in sight below the letterhead, however high that is just now: --head and --strips say how much of the top is taken, so
   that the style sheet can put them there and nothing that has the focus goes underneath. Without this file they stand where they are. */
"use strict";
(() => {
  const head = document.querySelector(".letterhead.sticky"), line = head?.querySelector(".letterhead-line"), main = document.getElementById("main");
  if (!line || !main) return;
  const root = document.documentElement.style;
  let taken = 0;
  const measure = () => {
    const high = head.offsetHeight || line.offsetHeight; // where only mark and line stay, the letterhead has no box of its own
    const strips = Math.max(0, ...[...document.querySelectorAll(".strips, .strips .first")].map((shown) => shown.offsetHeight));
    root.setProperty("--head", `${high}px`);
    root.setProperty("--strips", `${strips}px`);
    const grown = high + strips > taken, at = document.activeElement;
    taken = high + strips;
    if (!grown || !at || at === main || !main.contains(at) || at.closest(".strips")) return;
    const under = taken + 8 - at.getBoundingClientRect().top; // what one types in stays in sight when a strip appears
    if (under > 0 && scrollY > 0) scrollBy(0, -Math.min(under, scrollY));
  };
  const watch = new ResizeObserver(measure);
  for (const shown of [head, line, main]) watch.observe(shown);
  new MutationObserver(measure).observe(main, { subtree: true, childList: true, attributeFilter: ["hidden"] });
})();
