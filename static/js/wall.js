/* Long words get smaller letters until they fit on the shared screen. Without this file they are cut at its foot. */
"use strict";
(() => {
  const wall = document.body, main = document.getElementById("main");
  const fit = () => {
    wall.classList.remove("tight", "tighter");
    for (const size of ["tight", "tighter"]) {
      if (main.scrollHeight <= main.clientHeight) return;
      wall.classList.remove("tight");
      wall.classList.add(size);
    }
  };
  document.addEventListener("htmx:after:swap", fit);
  window.addEventListener("resize", fit);
  document.fonts.ready.then(fit);
})();
