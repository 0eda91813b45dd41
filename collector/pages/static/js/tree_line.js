// One line of the tree: its element, and what is written into it.
import { CRITICAL, FAILED, INTERRUPTED, RUNNING } from "./tree_columns.js";
import { groupSummary } from "./tree_fold.js";
import { DEEPEST_INDENT, barOf, costText, countText, durationText, heatOf } from "./tree_layout.js";

const NOTES = { [RUNNING]: "so far", [INTERRUPTED]: "interrupted" };
const PLAIN = new Set(["llm", "agent", "tool", "retriever", "reranker", "embedding", "chain", "guardrail", "evaluator", "prompt", "task"]);

/** The same element as in templates/traces/tree_rows.html, as an item of an ARIA tree. */
export function makeLine() {
  const line = document.createElement("a");
  line.tabIndex = -1;
  line.setAttribute("role", "treeitem");
  line.label = line.appendChild(document.createElement("span"));
  line.label.className = "name";
  line.bar = line.appendChild(document.createElement("i"));
  line.time = line.appendChild(document.createElement("span"));
  line.time.className = "n";
  line.tokens = line.appendChild(document.createElement("span"));
  line.tokens.className = "n t-tokens";
  return line;
}

/** What a line shows of a span, or of a group of equal ones. */
export function lineOf(columns, fold, line) {
  const group = fold.group(line);
  const kind = columns.kinds[group ? group.kind : columns.kind[line]];
  const common = { kind: kind[1], model: kind[2], name: kind[0] || "(no name)" };
  if (group) {
    const all = groupSummary(columns, group);
    const name = `× ${countText(all.count)} ${common.name}`;
    const badge = all.failed ? `${countText(all.failed)} failed` : "";
    const time = `p50 ${durationText((all.median * columns.unitNs) / 1e6)}`;
    return { ...common, name, badge, time, start: all.start, end: all.end, tokens: all.tokens || NaN, cost: all.cost || NaN, state: all.failed ? FAILED : 0, heat: 0 };
  }
  const depth = columns.depth[line];
  const isOrphan = columns.parent[line] < 0 && line > 0;
  const state = columns.state[line];
  const note = NOTES[state & (RUNNING | INTERRUPTED)];
  const byCost = columns.largest.cost > 0;
  return {
    ...common,
    badge: depth > DEEPEST_INDENT ? String(depth) : isOrphan ? "top" : "",
    time: durationText((columns.duration[line] * columns.unitNs) / 1e6) + (note ? ` ${note}` : ""),
    start: columns.start[line],
    end: columns.start[line] + columns.duration[line],
    tokens: columns.tokens[line],
    cost: columns.cost[line],
    state,
    heat: byCost ? heatOf(columns.cost[line], columns.largest.cost) : heatOf(columns.tokens[line], columns.largest.tokens),
  };
}

export function fillLine(element, shown, { depth, zoom, isOpen, isCurrent, isHit, position, id, href }) {
  const { state } = shown;
  element.className = [
    `d${Math.min(depth, DEEPEST_INDENT)}`,
    `k-${PLAIN.has(shown.kind) ? shown.kind : "none"}`,
    isOpen !== undefined && "branch",
    state & FAILED ? "failed" : state & (RUNNING | INTERRUPTED) && "open",
    state & CRITICAL && "critical",
    shown.heat && `h${shown.heat}`,
    isHit && "hit",
  ].filter(Boolean).join(" ");
  element.id = `line${id}`;
  if (href) element.href = href;
  else element.removeAttribute("href");
  const described = [shown.kind ?? "span", shown.model, state & FAILED && "failed", shown.cost >= 0 && costText(shown.cost / 1e9), state & CRITICAL && "critical path"];
  element.title = [shown.name, ...described.filter(Boolean)].join(" · ");
  element.label.textContent = shown.name;
  if (shown.badge) element.label.dataset.badge = shown.badge;
  else delete element.label.dataset.badge;
  const bar = barOf(shown.start, shown.end, zoom);
  element.bar.hidden = !bar;
  if (bar) [element.bar.style.marginLeft, element.bar.style.width] = bar.map((percent) => `${percent}%`);
  element.time.textContent = shown.time;
  element.tokens.textContent = shown.tokens >= 0 ? countText(shown.tokens) : "";
  element.setAttribute("aria-level", depth + 1);
  element.setAttribute("aria-posinset", position[0]);
  element.setAttribute("aria-setsize", position[1]);
  element.setAttribute("aria-selected", isCurrent);
  element.toggleAttribute("aria-current", isCurrent);
  if (isOpen === undefined) element.removeAttribute("aria-expanded");
  else element.setAttribute("aria-expanded", isOpen);
}
