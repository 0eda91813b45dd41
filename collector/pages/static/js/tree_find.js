// Find in a trace: names at once, here; what spans hold, a moment later, by the server.
import { say } from "./fragment.js";
import { on } from "./keys.js";
import { changeAddress } from "./tree_address.js";
import { countText } from "./tree_layout.js";
import { findNames, nextInTree } from "./tree_search.js";

const ASK_AFTER_MS = 250;

export function startFind(tree, foundUrl) {
  const form = tree.section.querySelector("[data-find]");
  const field = form.querySelector("#find");
  const output = form.querySelector("[data-found]");
  let timer = 0;
  let asked = null;

  const show = (isCut) => {
    const count = tree.hits.reduce((sum, hit) => sum + hit, 0);
    output.textContent = field.value ? `${countText(count)}${isCut ? "+" : ""} found` : "";
    output.title = isCut ? "Of what spans hold, only the first thousand are marked" : "";
    tree.rows.refresh();
  };
  const ask = async (words) => {
    asked = new AbortController();
    try {
      const answer = await fetch(`${foundUrl}?${new URLSearchParams({ find: words })}`, { signal: asked.signal });
      if (!answer.ok) throw new Error(`${foundUrl} answered ${answer.status}`);
      const { span_ids: ids, cut } = await answer.json();
      for (const span of tree.columns.withIds(ids)) tree.hits[span] = 1;
      show(cut);
    } catch (error) {
      if (error.name !== "AbortError") output.textContent += " by name";
    }
  };
  const find = () => {
    const words = field.value.trim();
    asked?.abort();
    clearTimeout(timer);
    tree.hits = findNames(tree.columns, words);
    changeAddress({ find: words });
    show(false);
    if (words) timer = setTimeout(ask, ASK_AFTER_MS, words);
  };
  const next = (step) => {
    if (!tree.hits?.includes(1)) return say(field.value ? "Nothing found" : "Type what to find: press /");
    tree.go(nextInTree(tree.columns, tree.line, (span) => tree.hits[span], step), "Nothing found");
  };

  field.addEventListener("input", find);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    field.value = "";
    find();
    tree.box.focus();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    next(1);
  });
  on("/", () => field.select());
  on("n", () => next(1));
  on("N", () => next(-1));
  if (field.value) tree.done.then(find, find);
}
