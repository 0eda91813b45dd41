// Everything here only spares a reload or a click: without it the pages show and do the same.
import { addCopyButtons } from "./copy.js";
import { watchKeys } from "./keys.js";
import { watchTheme } from "./theme.js";
import { Tree } from "./tree.js";

document.documentElement.classList.add("js");
watchTheme(document.querySelector(".theme"));
watchKeys(document);
addCopyButtons(document);

const rows = document.querySelector("[data-tree]");
const details = document.querySelector("[data-details]");
if (rows && details) new Tree(rows, details);

// A menu made of <details> closes like one: on Escape, and when the focus or a click goes elsewhere.
const menu = document.querySelector(".switch");
if (menu) {
  const close = (event) => { if (!menu.contains(event.target)) menu.open = false; };
  document.addEventListener("click", close);
  document.addEventListener("focusin", close);
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}
