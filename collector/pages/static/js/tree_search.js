// Where to go in a tree: what matches, what failed, what took longest or cost most. Pure.
import { FAILED, NO_SPAN } from "./tree_columns.js";

/** A mark for each span whose name, kind or model holds the words; names are looked at once, however many share them. */
export function findNames(columns, words) {
  const wanted = words.trim().toLowerCase();
  const hits = new Uint8Array(columns.size);
  if (!wanted) return hits;
  const kinds = Uint8Array.from(columns.kinds, (kind) => kind.some((one) => one?.toLowerCase().includes(wanted)));
  for (let span = 0; span < columns.count; span++) hits[span] = kinds[columns.kind[span]];
  return hits;
}

/** The place of each span where nothing is folded. */
export function fullOrder(columns) {
  const below = new Int32Array(columns.count);
  for (let span = columns.count - 1; span >= 0; span--) {
    if (columns.parent[span] !== NO_SPAN) below[columns.parent[span]] += below[span] + 1;
  }
  const places = new Int32Array(columns.count);
  const free = new Int32Array(columns.count);
  let top = 0;
  for (let span = 0; span < columns.count; span++) {
    const parent = columns.parent[span];
    places[span] = parent === NO_SPAN ? top : free[parent];
    free[span] = places[span] + 1;
    if (parent === NO_SPAN) top = places[span] + below[span] + 1;
    else free[parent] = places[span] + below[span] + 1;
  }
  return places;
}

/** The next span after `from` for which `wanted` holds, in the order of the whole tree, from its start after its end. */
export function nextInTree(columns, from, wanted, step = 1) {
  const places = fullOrder(columns);
  const size = columns.count;
  const here = from === NO_SPAN ? (step > 0 ? -1 : size) : places[from];
  let [best, nearest] = [NO_SPAN, Infinity];
  for (let span = 0; span < size; span++) {
    if (!wanted(span)) continue;
    const away = (((places[span] - here) * step) % size + size) % size || size;
    if (away < nearest) [best, nearest] = [span, away];
  }
  return best;
}

export function nextFailed(columns, from, step = 1) {
  return nextInTree(columns, from, (span) => columns.is(span, FAILED), step);
}

/** The span with the largest value; asked for again from there, the one with the next largest. */
export function nextLargest(values, from, count) {
  const before = (span, other) => values[span] > values[other] || (values[span] === values[other] && span < other);
  let [best, next] = [NO_SPAN, NO_SPAN];
  for (let span = 0; span < count; span++) {
    if (!(values[span] > 0)) continue;
    if (best === NO_SPAN || before(span, best)) best = span;
    if (from !== NO_SPAN && values[from] > 0 && before(from, span) && (next === NO_SPAN || before(span, next))) next = span;
  }
  return next === NO_SPAN ? best : next;
}
