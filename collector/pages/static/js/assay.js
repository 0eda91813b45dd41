// Everything here only spares a reload or a click: without it the pages show and do the same.
import { startCompare } from "./compare.js";
import { addCopyButtons } from "./copy.js";
import { startHelp } from "./help.js";
import { watchKeys } from "./keys.js";
import { watchLook } from "./look.js";
import { startMenus } from "./menus.js";
import { startPalette } from "./palette.js";
import { startPng } from "./png.js";
import { startReview } from "./review.js";
import { startPlayground, startProgress } from "./playground.js";
import { startTree } from "./tree.js";

document.documentElement.classList.add("js");
watchKeys();
watchLook(document.querySelector(".look"));
startMenus();
startHelp();
startPalette();
startReview();
addCopyButtons(document);
startPng(document);
startTree();
startCompare();
startPlayground(document.querySelector("[data-playground]"));
startProgress(document.querySelector("[data-progress]"));
