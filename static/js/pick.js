/* Picking for the read-back: the button says how many, while the boxes are ticked. Without this file it says "Read back these". */
"use strict";
(() => {
  const button = document.getElementById("read-back-these");
  if (!button) return;
  const words = () => {
    const ticked = button.form.querySelectorAll("[name=points]:checked").length;
    button.textContent = button.dataset[["none", "one", "two", "three"][ticked] || "many"];
    const ready = ticked > 0 && ticked < 4;
    button.classList.toggle("solid", ready);
    button.classList.toggle("not-ready", !ready);
  };
  button.form.addEventListener("change", words);
  window.addEventListener("pageshow", words);
  words();
})();
