// The spans of a trace as columns of numbers, breadth first: parents before children, children beside each other.
// Pure: what server and page agree on is written in traces/tree_payload.py.

export const NO_SPAN = -1;

export class SpanColumns {
  constructor({ count, length, unit_ns }) {
    this.size = count; // all there will be
    this.count = 0; // here so far
    this.length = length;
    this.unitNs = unit_ns;
    this.kinds = []; // [name, kind, model], said once
    this.kind = new Int32Array(count);
    this.parent = new Int32Array(count);
    this.depth = new Int32Array(count);
    this.firstChild = new Int32Array(count);
    this.childCount = new Int32Array(count);
    this.start = new Float64Array(count);
    this.duration = new Float64Array(count);
    this.tokens = new Float64Array(count); // NaN: unknown
    this.cost = new Float64Array(count); // billionths of a dollar
    this.state = new Uint8Array(count);
    this.ids = [];
    this.tops = 0;
    this.largest = { cost: 0, tokens: 0 };
  }

  add(chunk) {
    const first = this.count;
    const size = chunk.kind.length;
    for (const kind of chunk.kinds) this.kinds.push(kind);
    this.ids.push({ first, size: chunk.id_size, ids: chunk.ids });
    let parent = first ? this.parent[first - 1] : 0;
    let start = first ? this.start[first - 1] : 0;
    for (let at = 0; at < size; at++) {
      const span = first + at;
      parent += chunk.parent[at];
      start += chunk.start[at];
      this.kind[span] = chunk.kind[at];
      this.parent[span] = parent;
      this.start[span] = start;
      this.duration[span] = chunk.length[at];
      this.tokens[span] = chunk.tokens[at] ?? NaN;
      this.cost[span] = chunk.cost[at] ?? NaN;
      if (this.cost[span] > this.largest.cost) this.largest.cost = this.cost[span];
      if (this.tokens[span] > this.largest.tokens) this.largest.tokens = this.tokens[span];
      if (parent === NO_SPAN) this.tops++;
      else {
        if (!this.childCount[parent]++) this.firstChild[parent] = span;
        this.depth[span] = this.depth[parent] + 1;
      }
    }
    for (const [name, bit] of Object.entries(SPAN_STATES)) for (const at of chunk[name]) this.state[first + at] |= bit;
    this.count += size;
  }

  is(span, state) { return (this.state[span] & state) !== 0; }
  nameOf(span) { return this.kinds[this.kind[span]][0] || "(no name)"; }

  idOf(span) {
    const part = this.ids.findLast((one) => one.first <= span);
    const at = span - part.first;
    return part.size ? part.ids.slice(at * part.size, (at + 1) * part.size) : part.ids[at];
  }

  /** The span with this id, NO_SPAN where it is not here. */
  withId(id) {
    for (const { first, size, ids } of this.ids) {
      let at = ids.indexOf(id);
      if (!size) {
        if (at >= 0) return first + at;
        continue;
      }
      while (at >= 0 && at % size) at = ids.indexOf(id, at + 1);
      if (at >= 0 && id.length === size) return first + at / size;
    }
    return NO_SPAN;
  }

  /** Those of these ids that are here. One walk over all: to look for each by itself takes long where there are many. */
  withIds(ids) {
    const wanted = new Set(ids);
    const found = [];
    for (let span = 0; wanted.size && span < this.count; span++) if (wanted.delete(this.idOf(span))) found.push(span);
    return found;
  }

  ancestors(span) {
    const above = [];
    for (let one = this.parent[span]; one !== NO_SPAN; one = this.parent[one]) above.unshift(one);
    return above;
  }

  /** From when to when a span and all that is below it ran. Level by level: each is one range of the columns. */
  extent(span) {
    let [from, to] = [Infinity, -Infinity];
    for (let [first, last] = [span, span]; first <= last;) {
      let [next, end] = [Infinity, -1];
      for (let one = first; one <= last; one++) {
        from = Math.min(from, this.start[one]);
        to = Math.max(to, this.start[one] + this.duration[one]);
        if (!this.childCount[one]) continue;
        next = Math.min(next, this.firstChild[one]);
        end = this.firstChild[one] + this.childCount[one] - 1;
      }
      [first, last] = [next, end];
    }
    return [from, to];
  }

  /** How long each span ran while none of its children did. */
  selfTimes() {
    const alone = new Float64Array(this.count);
    for (let span = 0; span < this.count; span++) {
      const end = this.start[span] + this.duration[span];
      let reached = this.start[span];
      const last = this.firstChild[span] + this.childCount[span];
      for (let child = this.firstChild[span]; child < last; child++) {
        const begins = Math.min(this.start[child], end);
        alone[span] += Math.max(0, begins - reached);
        reached = Math.max(reached, Math.min(begins + this.duration[child], end));
      }
      alone[span] += end - reached;
    }
    return alone;
  }
}

export const FAILED = 1;
export const RUNNING = 2;
export const INTERRUPTED = 4;
export const CRITICAL = 8;
const SPAN_STATES = { error: FAILED, in_progress: RUNNING, interrupted: INTERRUPTED, critical: CRITICAL };
