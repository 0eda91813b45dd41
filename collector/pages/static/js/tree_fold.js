// Which lines a tree has: what is folded is left out, and more than a thousand equal siblings are one line. Pure.
import { FAILED, NO_SPAN } from "./tree_columns.js";

const MANY_ALIKE = 1000;

/** A line is the number of a span, or -2 and below: a group of equal siblings, see `group`. */
export class Fold {
  constructor(columns) {
    this.columns = columns;
    this.closed = new Uint8Array(columns.size);
    this.openGroups = new Set(); // keys, which stay while the tree still grows
    this.lines = new Int32Array(0);
    this.depths = new Int32Array(0);
    this.grown();
  }

  /** More spans are here: find the groups again. */
  grown() {
    const { columns } = this;
    this.groups = [];
    this.beside = new Map(); // parent -> place of each line below it, where some of them are groups
    this.groupOf = new Int32Array(columns.size).fill(NO_SPAN);
    for (let parent = 0; parent < columns.count; parent++) {
      if (columns.childCount[parent] > MANY_ALIKE) this.gather(parent, columns.firstChild[parent], columns.childCount[parent]);
    }
    if (columns.tops > MANY_ALIKE) this.gather(NO_SPAN, 0, columns.tops);
    this.walk();
  }

  gather(parent, first, count) {
    const alike = new Map();
    for (let span = first; span < first + count; span++) {
      const kind = this.columns.kind[span];
      if (!alike.has(kind)) alike.set(kind, []);
      alike.get(kind).push(span);
    }
    for (const [kind, members] of alike) {
      if (members.length <= MANY_ALIKE) continue;
      for (const span of members) this.groupOf[span] = this.groups.length;
      this.groups.push({ key: `${parent} ${kind}`, parent, kind, members });
    }
  }

  group(line) { return line < NO_SPAN ? this.groups[-2 - line] : undefined; }

  walk() {
    const { columns } = this;
    const most = columns.count + this.groups.length;
    if (this.lines.length < most) [this.lines, this.depths] = [new Int32Array(most), new Int32Array(most)];
    this.places = new Int32Array(columns.size).fill(NO_SPAN);
    this.count = 0;
    const waiting = [];
    const depths = [];
    this.push(waiting, depths, 0, columns.tops, 0);
    while (waiting.length) {
      const line = waiting.pop();
      const depth = depths.pop();
      this.lines[this.count] = line;
      this.depths[this.count] = depth;
      const group = this.group(line);
      if (group) {
        group.place = this.count++;
        if (this.openGroups.has(group.key)) for (let at = group.members.length - 1; at >= 0; at--) {
          waiting.push(group.members[at]);
          depths.push(depth + 1);
        }
        continue;
      }
      this.places[line] = this.count++;
      if (!this.closed[line]) this.push(waiting, depths, columns.firstChild[line], columns.childCount[line], depth + 1);
    }
  }

  push(waiting, depths, first, count, depth) {
    for (let span = first + count - 1; span >= first; span--) {
      const group = this.groups[this.groupOf[span]];
      if (group && group.members[0] !== span) continue;
      waiting.push(group ? -2 - this.groupOf[span] : span);
      depths.push(depth);
    }
  }

  hasBelow(line) { return line < NO_SPAN || this.columns.childCount[line] > 0; }
  isOpen(line) {
    const group = this.group(line);
    return group ? this.openGroups.has(group.key) : !this.closed[line];
  }

  set(line, open) {
    const group = this.group(line);
    if (!group) this.closed[line] = open ? 0 : 1;
    else if (open) this.openGroups.add(group.key);
    else this.openGroups.delete(group.key);
    this.walk();
  }

  /** Close all but the tops; open all where nothing is left to close. */
  toggleAll() {
    const { columns } = this;
    let closing = false;
    for (let span = columns.tops; span < columns.count; span++) {
      if (columns.childCount[span] && !this.closed[span]) closing = true;
    }
    if (closing) this.closed.fill(1, columns.tops);
    else this.closed.fill(0);
    this.openGroups.clear();
    this.walk();
    return closing;
  }

  /** Open whatever a span is folded into; its place among the lines. */
  reveal(span) {
    if (this.places[span] !== NO_SPAN) return this.places[span];
    for (let one = span; one !== NO_SPAN; one = this.columns.parent[one]) {
      if (one !== span) this.closed[one] = 0;
      const group = this.groups[this.groupOf[one]];
      if (group) this.openGroups.add(group.key);
    }
    this.walk();
    return this.places[span];
  }

  /** The line that a line is below, NO_SPAN at the top. */
  above(place) {
    for (let one = place - 1; one >= 0; one--) if (this.depths[one] < this.depths[place]) return one;
    return NO_SPAN;
  }

  placeOf(line) { return this.group(line)?.place ?? this.places[line]; }

  /** Of how many on its level below the same line this is which: what screen readers say. */
  position(place) {
    const line = this.lines[place];
    const group = this.group(line) ? undefined : this.groups[this.groupOf[line]];
    if (group) return [group.members.indexOf(line) + 1, group.members.length];
    const parent = this.group(line)?.parent ?? this.columns.parent[line];
    const [first, count] = parent === NO_SPAN ? [0, this.columns.tops] : [this.columns.firstChild[parent], this.columns.childCount[parent]];
    if (!this.groups.length) return [line - first + 1, count];
    if (!this.beside.has(parent)) {
      const lines = [];
      this.push(lines, [], first, count, 0);
      this.beside.set(parent, new Map(lines.reverse().map((one, at) => [one, at + 1])));
    }
    const beside = this.beside.get(parent);
    return [beside.get(line), beside.size];
  }
}

/** What one line says of many equal spans: how long they took, how many failed, when they ran. */
export function groupSummary(columns, group) {
  if (group.summary?.count === group.members.length) return group.summary;
  const times = Float64Array.from(group.members, (span) => columns.duration[span]).sort();
  const sum = (column) => group.members.reduce((total, span) => total + (column[span] || 0), 0);
  let end = 0;
  for (const span of group.members) end = Math.max(end, columns.start[span] + columns.duration[span]);
  group.summary = {
    count: group.members.length,
    median: times[Math.floor((times.length - 1) / 2)],
    failed: group.members.filter((span) => columns.is(span, FAILED)).length,
    tokens: sum(columns.tokens),
    cost: sum(columns.cost),
    start: columns.start[group.members[0]],
    end,
  };
  return group.summary;
}
