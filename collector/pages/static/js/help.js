// The keys, shown by "?" over the page that they work on.
import { openFragment } from "./dialog.js";
import { on, singleKeysAreOff, switchSingleKeys } from "./keys.js";

export function startHelp() {
  const link = document.querySelector("[data-keys-help]");
  if (!link) return;
  watchSwitch(document);
  on("?", () => show(link.href));
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link.href);
  });
}

async function show(url) {
  if (document.querySelector("dialog:modal")) return;
  watchSwitch(await openFragment("Keys", `${url}?part=1`, "keys"));
}

function watchSwitch(root) {
  const box = root.querySelector("[data-single-keys]");
  if (!box) return;
  box.closest("[hidden]")?.removeAttribute("hidden");
  box.checked = !singleKeysAreOff();
  box.addEventListener("change", () => switchSingleKeys(!box.checked));
}
