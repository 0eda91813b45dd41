// A dialog over the page: for keys, for the search, for what a page asks before it does something.
import { fragment } from "./fragment.js";

/** An open dialog with `label`, which goes away when it is closed; its content is the caller's. */
export function openDialog(label, className = "") {
  const dialog = document.createElement("dialog");
  dialog.className = className;
  dialog.setAttribute("aria-label", label);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** A dialog that shows a part of a page; where it cannot be had, the page itself is opened. */
export async function openFragment(label, url, className = "") {
  const dialog = openDialog(label, className);
  const content = document.createElement("div");
  dialog.append(content);
  try {
    await fragment(url, content);
  } catch {
    location.assign(url);
    return dialog;
  }
  dialog.querySelector("[autofocus], button, a, input")?.focus();
  return dialog;
}
