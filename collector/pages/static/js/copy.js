// A button on blocks of code that copies them.
import { say } from "./fragment.js";

const NS = "http://www.w3.org/2000/svg";
const COPY = "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3";
const DONE = "m3 8.500 3.300 3.300L13 4.500";

export function addCopyButtons(root) {
  if (!navigator.clipboard) return; // only where the browser lets a page write to it: https and loopback
  for (const block of root.querySelectorAll(".code")) {
    if (block.querySelector(".copy")) continue;
    const path = document.createElementNS(NS, "path");
    path.setAttribute("d", COPY);
    const icon = document.createElementNS(NS, "svg");
    icon.setAttribute("viewBox", "0 0 16 16");
    icon.setAttribute("class", "icon");
    icon.append(path);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.title = "Copy";
    button.setAttribute("aria-label", "Copy");
    button.append(icon);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.querySelector("pre").textContent);
      path.setAttribute("d", DONE);
      button.classList.add("done");
      say("Copied");
      setTimeout(() => { path.setAttribute("d", COPY); button.classList.remove("done"); }, 1500);
    });
    block.append(button);
  }
}
