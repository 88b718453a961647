/* A visitor's page: when the visit ends, whoever ended it, the page says so at once and shows nothing more of the meeting. */
"use strict";
document.addEventListener("app:notice", ({ detail }) => {
  if (detail === "gone" || detail === "signed-out") location.reload();
});
