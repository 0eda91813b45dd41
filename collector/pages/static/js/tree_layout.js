// Figures and bars as the lines of a tree show them. Pure; says what formats.py, zoom.py and span_tree.py say.

export const DEEPEST_INDENT = 12;
const NARROWEST_BAR = 0.25;

function significant(number) {
  if (number === 0) return "0";
  const text = number.toFixed(Math.max(0, 1 - Math.floor(Math.log10(number))));
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** 0.42 ms · 640 ms · 1.2 s · 2 m 05 s · 1 h 12 m */
export function durationText(ms) {
  if (ms < 9.95) return `${significant(ms)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  let seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${seconds.toFixed(0)} s`;
  seconds = Math.round(seconds);
  const minutes = Math.floor(seconds / 60);
  const two = (number) => String(number).padStart(2, "0");
  return minutes < 60 ? `${minutes} m ${two(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
}

/** 3,401. Not toLocaleString: its first call takes a tenth of a second. */
export function countText(number) { return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, ","); }

/** $0 · $0.00042 · $0.012 · $1.24 · $1,204 */
export function costText(dollars) {
  if (dollars === 0) return "$0";
  if (dollars < 0.01) return `$${significant(dollars)}`;
  if (dollars < 1000) return `$${dollars.toFixed(dollars < 1 ? 3 : 2)}`;
  return `$${countText(dollars)}`;
}

/** In which fifth of the largest value a value is; 0 for none. */
export function heatOf(value, largest) {
  return value > 0 && largest ? Math.min(5, 1 + Math.floor((5 * value) / largest)) : 0;
}

/** Left edge and width of a bar in percent of the time from `from` to `to`; undefined where it is outside. */
export function barOf(begin, end, [from, to]) {
  if (begin > to || end < from) return undefined;
  const whole = Math.max(to - from, 1);
  const width = Math.min(Math.max((100 * (Math.min(end, to) - Math.max(begin, from))) / whole, NARROWEST_BAR), 100);
  return [Math.min((100 * (Math.max(begin, from) - from)) / whole, 100 - width), width];
}

/** Two to five round marks of an axis this long: [percent, milliseconds]. */
export function ticksOf(lengthMs) {
  if (!(lengthMs > 0)) return [];
  let power = 1e-6;
  while (power * 10 <= lengthMs / 4) power *= 10;
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= lengthMs / 4);
  const marks = [];
  for (let mark = step; mark < 0.94 * lengthMs; mark += step) marks.push([(100 * mark) / lengthMs, mark]);
  return marks;
}
