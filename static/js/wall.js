/* Long words get smaller letters until they fit on the shared screen. Without this file they are cut at its foot. */
"use strict";
(() => {
  const wall = document.body, main = document.getElementById("main"), sizes = ["tight", "tighter", "tightest"];
  const fit = () => {
    wall.classList.remove(...sizes);
    for (const size of sizes) {
      if (main.scrollHeight <= main.clientHeight) return;
      wall.classList.remove(...sizes);
      wall.classList.add(size);
    }
  };
  document.addEventListener("htmx:after:swap", fit);
  window.addEventListener("resize", fit);
  document.fonts.ready.then(fit);
})();
