// Times in the zone of this machine, for those who chose it. The server writes UTC and knows no zone; what it wrote is
// kept, so that the choice can be taken back.

const SPOKEN = /(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?)(\.\d+)?( UTC)/g; // among other words
const ALONE = /(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?)(\.\d+)?( UTC)?(?![\d:.+-])/g; // where only times can stand
const TYPED = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?$/;
const written = new WeakMap(); // text node or attribute -> what the server wrote

const isLocal = () => document.documentElement.dataset.times === "local";
const two = (number) => String(number).padStart(2, "0");
const dayOf = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
const clockOf = (date) => `${two(date.getHours())}:${two(date.getMinutes())}`;
const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

function offset(date) {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "−" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** "2026-11-21 13:22:04.123 UTC" as it is called here: "2026-11-21 14:22:04.123 +01:00". */
function said(text, pattern = ALONE) {
  return text.replace(pattern, (whole, day, clock, fraction = "", utc = "") => {
    const date = new Date(`${day}T${clock}Z`);
    if (Number.isNaN(date.getTime())) return whole;
    const seconds = clock.length > 5 ? clock.slice(5) : "";
    return `${dayOf(date)} ${clockOf(date)}${seconds}${fraction}${utc && ` ${offset(date)}`}`;
  });
}

/** Write all times below `root` as was chosen. */
export function showTimes(root) {
  if (!isLocal() && !root.querySelector?.("[data-local]")) return;
  const among = (text) => said(text, SPOKEN);
  for (const one of root.querySelectorAll("time, [data-utc]")) rewrite(one, (text) => said(text));
  for (const one of root.querySelectorAll(".chart title")) rewrite(one, among);
  for (const one of root.querySelectorAll(".chart svg[aria-label]")) put(one.getAttributeNode("aria-label"), among);
  for (const one of root.querySelectorAll("[data-zone]")) rewrite(one, (text) => text.replace("UTC", zone()));
  for (const axis of root.querySelectorAll("svg.x")) showTicks(axis);
  for (const form of root.querySelectorAll("form[data-times-of]")) showTyped(form);
}

function rewrite(element, change) {
  element.toggleAttribute("data-local", isLocal());
  for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) put(node, change);
  if (element.hasAttribute("title")) put(element.getAttributeNode("title"), change);
}

function put(node, change) {
  if (!written.has(node)) written.set(node, node.nodeValue);
  node.nodeValue = isLocal() ? change(written.get(node)) : written.get(node);
}

// Where ticks are hours apart, the first of each day says which. Days apart they stay: the days are those of UTC.
function showTicks(axis) {
  let day = "";
  for (const tick of axis.querySelectorAll("[data-at]")) {
    put(tick.firstChild, (text) => {
      if (!axis.textContent.includes(":")) return text;
      const date = new Date(tick.dataset.at);
      const isNew = day && day !== dayOf(date);
      day = dayOf(date);
      const seconds = text.split(":").length > 2 ? `:${two(date.getSeconds())}` : "";
      const clock = clockOf(date) + seconds;
      if (!isNew) return clock;
      const name = date.toLocaleDateString("en", { day: "numeric", month: "short" });
      return date.getHours() || date.getMinutes() ? `${name} ${clock}` : name;
    });
  }
}

// Fields hold what the address says, in UTC; they show, and take, the time of this machine.
function showTyped(form) {
  for (const field of form.querySelectorAll("input[placeholder]")) {
    field.value = isLocal() ? said(field.defaultValue.replace("T", " ").replace(/Z$/, "")) : field.defaultValue;
  }
  if (form.dataset.timesOf) return;
  form.dataset.timesOf = "watched";
  form.addEventListener("formdata", ({ formData }) => {
    if (!isLocal()) return;
    for (const name of ["from", "to"]) formData.set(name, toUtc(formData.get(name).trim(), name === "to"));
  });
}

/** What was typed in the zone of this machine, as UTC; what is no time of its own ("-24h", "now") stays. */
function toUtc(text, isEnd) {
  const [, day, clock] = text.match(TYPED) ?? [];
  if (!day) return text;
  const date = new Date(`${day}T${clock ?? "00:00"}`);
  if (!clock && isEnd) date.setDate(date.getDate() + 1); // a day as the end means its end
  return Number.isNaN(date.getTime()) ? text : date.toISOString().replace(".000Z", "Z");
}
