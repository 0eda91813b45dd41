// Details of a span, and conversations: find an attribute, Markdown or plain text, fold everything.
import { say } from "./fragment.js";
import { on } from "./keys.js";

function findAttributes(field) {
  const wanted = field.value.toLowerCase();
  let found = 0;
  for (const row of field.closest(".tab").querySelectorAll("[data-attributes] tr")) {
    row.hidden = !row.textContent.toLowerCase().includes(wanted);
    if (!row.hidden) found += 1;
  }
  say(wanted ? `${found} found` : "");
}

function foldAll(place) {
  const folds = [...place.querySelectorAll("details")];
  const open = !folds.some((fold) => fold.open);
  for (const fold of folds) fold.open = open;
  say(open ? "All unfolded" : "All folded");
}

export function startDetails() {
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-find-attribute]")) findAttributes(event.target);
  });
  on("m", () => document.querySelector("[data-text-toggle]")?.click());
  const chat = document.querySelector(".chat");
  const pane = document.querySelector("[data-details]");
  if (chat) on("f", () => foldAll(chat));
  if (pane) on("f", () => foldAll(pane.querySelector(".tab")), { within: pane }); // elsewhere it folds the tree
}
