// Keys that work on every page. None of them fires while something is typed.

export function typing(event) {
  const target = event.target;
  return event.ctrlKey || event.metaKey || event.altKey || target.closest?.("input, select, textarea, [contenteditable]");
}

export function watchKeys(root) {
  root.addEventListener("keydown", (event) => {
    if (event.key !== "/" || typing(event)) return;
    const filter = root.querySelector("#q");
    if (!filter) return;
    event.preventDefault();
    filter.focus();
    filter.select();
  });
}
