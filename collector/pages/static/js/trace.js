// The page of a trace: its view, the details beside it, and what is new of a trace that still runs.
import { fragment, say } from "./fragment.js";
import { on } from "./keys.js";
import { follow } from "./live.js";
import { Tree } from "./tree.js";
import { addressNow } from "./tree_address.js";
import { NO_SPAN } from "./tree_columns.js";
import { Details } from "./tree_details.js";
import { startFind } from "./tree_find.js";
import { countText } from "./tree_layout.js";
import { startPanes } from "./tree_panes.js";

const HELD_MS = 90;

export function startTrace() {
  for (const link of document.querySelectorAll("main a[data-keys]")) on(link.dataset.keys, () => link.click());
  for (const part of document.querySelectorAll("details[data-lazy]")) part.addEventListener("toggle", () => loadLazily(part));
  const grown = document.querySelector("[data-grown]");
  if (grown) followTrace(grown);
  const box = document.querySelector("[data-trace]");
  if (!box) return;
  on("y", copyAddress);
  const details = new Details(box.querySelector("[data-details]"), box.dataset.fragments, box.dataset.tab);
  for (let tab = 1; tab <= 6; tab++) on(String(tab), () => details.openTab(tab - 1));
  startPanes(box);
  const tree = startTree(box, details);
  const leave = tree ? () => tree.box.focus() : () => box.querySelector("a[data-span]")?.focus();
  on("Escape", leave, { within: details.pane });
  addEventListener("popstate", () => location.reload());
  document.querySelector("main").addEventListener("click", (event) => {
    const link = event.target.closest("a[data-span]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (tree) tree.goTo(link.dataset.span);
    else choose(box, details, link);
  });
}

function startTree(box, details) {
  const section = box.querySelector(".tree");
  if (!section) return null;
  let timer = 0;
  const onSelect = (id, near, isHeld) => {
    clearTimeout(timer);
    if (!isHeld) details.show(id);
    timer = setTimeout(() => {
      if (isHeld) details.show(id);
      details.prefetch(near);
    }, HELD_MS);
    showAncestors(tree);
  };
  // Where the details are below the tree, a tap should lead to them.
  const isStacked = matchMedia("(max-width: 1080px)");
  onSelect.tapped = () => { if (isStacked.matches) details.pane.scrollIntoView(); };
  const tree = new Tree(section, box.dataset.selected, onSelect);
  startFind(tree, box.dataset.found);
  tree.box.addEventListener("keydown", (event) => { if (event.key === "Enter") details.focus(); });
  tree.done.catch(() => say("The tree could not be loaded whole. Reload the page."));
  return tree;
}

function showAncestors(tree) {
  const place = document.querySelector("[data-ancestors]");
  const above = tree.line === NO_SPAN ? [] : tree.columns.ancestors(tree.line).slice(-4);
  place.replaceChildren(...above.map((span) => {
    const link = document.createElement("a");
    link.textContent = link.title = tree.columns.nameOf(span);
    link.href = tree.hrefOf(span);
    link.dataset.span = tree.columns.idOf(span);
    return link;
  }));
}

function choose(box, details, link) {
  for (const other of box.querySelectorAll("[aria-current=true]")) if (!details.pane.contains(other)) other.removeAttribute("aria-current");
  (link.closest("tr") ?? link).setAttribute("aria-current", "true");
  details.show(link.dataset.span);
}

async function copyAddress() {
  if (!navigator.clipboard) return say("The browser lets no page copy from this address: it is neither https nor loopback");
  await navigator.clipboard.writeText(addressNow());
  say("Link copied");
}

async function loadLazily(part) {
  if (!part.open || part.dataset.loaded) return;
  part.dataset.loaded = "1";
  await fragment(part.dataset.lazy, part.lastElementChild);
}

/** A trace that grows says so; what is on the page stays as it is until the reader asks for more. */
function followTrace(pill) {
  const seen = new Set();
  follow(pill.dataset.grown, ({ ids, missed }) => {
    for (const id of ids) seen.add(id);
    const more = seen.size + (missed ?? 0);
    pill.textContent = `${pill.dataset.running === undefined ? "" : "running, "}+${countText(more)} ${more === 1 ? "span" : "spans"}`;
    pill.title = "Show them";
    pill.hidden = false;
  });
}
