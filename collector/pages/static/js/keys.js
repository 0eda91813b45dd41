// Keys: what a page binds, and nothing fires while something is typed.

const bindings = [];
let pressedBefore = "";
let timer = 0;
const OFF = "assay.single-keys-off";

/** Whether the key belongs to the browser, or to a field that someone types in. */
export function typing(event) {
  const target = event.target;
  return event.ctrlKey || event.metaKey || event.altKey || inField(target);
}

function inField(target) {
  return target.closest?.("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");
}

/** Have `handler(event)` called for "e", "E", "?", "g t" (one after the other), "Ctrl+K" or "Ctrl+Enter" (these also in
    fields; Ctrl or Command). `within`: only where the focus is in this element. Returns what takes it back. */
export function on(keys, handler, { within = document } = {}) {
  const binding = { keys, handler, within };
  bindings.push(binding);
  return () => bindings.splice(bindings.indexOf(binding), 1);
}

/** Single letters can be switched off (WCAG 2.1.4): they disturb people who dictate. */
export function singleKeysAreOff() {
  try { return localStorage.getItem(OFF) === "1"; } catch { return false; }
}

export function switchSingleKeys(off) {
  try { localStorage.setItem(OFF, off ? "1" : "0"); } catch { /* storage is forbidden: they stay as they are */ }
}

function find(keys, event) {
  return bindings.findLast((one) => one.keys === keys && (one.within === document || one.within.contains(event.target)));
}

function pressed(event) {
  if (event.defaultPrevented || event.isComposing || ["Control", "Shift", "Alt", "Meta"].includes(event.key)) return;
  const together = event.ctrlKey || event.metaKey;
  if (event.altKey || (!together && (inField(event.target) || (event.key.length === 1 && singleKeysAreOff())))) return;
  const name = event.key.length === 1 && together ? event.key.toUpperCase() : event.key;
  const key = (together ? "Ctrl+" : "") + (event.shiftKey && event.key.length > 1 ? "Shift+" : "") + name;
  if (!together && document.querySelector("dialog:modal")) return;
  const binding = (pressedBefore && find(`${pressedBefore} ${key}`, event)) || find(key, event);
  clearTimeout(timer);
  pressedBefore = binding ? "" : key;
  timer = setTimeout(() => { pressedBefore = ""; }, 1200);
  if (!binding) return;
  event.preventDefault();
  binding.handler(event);
}

export function watchKeys() {
  document.addEventListener("keydown", pressed);
  on("/", () => {
    const filter = document.querySelector("#q");
    filter?.focus();
    filter?.select();
  });
  for (const link of document.querySelectorAll(".pages a[data-keys]")) on(link.dataset.keys, () => link.click());
}
