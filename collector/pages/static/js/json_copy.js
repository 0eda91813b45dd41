// JSON trees: copy the path or the value of any part, by pointer or by keys.
import { say } from "./fragment.js";

const NAME = /^[A-Za-z_$][\w$]*$/;

/** What a part of a tree says, as JSON text: what is on the page is the whole of it. */
export function jsonOf(part, indent = "") {
  const kind = part.dataset.j;
  if (kind === "raw") return rawText(part);
  if (kind === "string") return JSON.stringify(valueText(part));
  if (kind !== "object" && kind !== "array") return valueText(part);
  const inner = `${indent}  `;
  const texts = childrenOf(part).map((child) => {
    const key = keyOf(child);
    if (key === "…" && child.dataset.j === "raw") return rawText(child).trim().slice(1, -1).trim();
    return (kind === "object" ? `${JSON.stringify(key)}: ` : "") + jsonOf(child, inner);
  });
  const [open, close] = kind === "object" ? "{}" : "[]";
  return texts.length ? `${open}\n${inner}${texts.join(`,\n${inner}`)}\n${indent}${close}` : open + close;
}

/** Where a part is in its tree: $.messages[0]["a b"] */
export function pathOf(part) {
  const parent = part.parentElement.closest(".j");
  if (!parent) return "$";
  const key = keyOf(part);
  if (parent.dataset.j === "array") return `${pathOf(parent)}[${childrenOf(parent).indexOf(part)}]`;
  return pathOf(parent) + (NAME.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);
}

function childrenOf(part) { return [...(part.querySelector(":scope > .j-in")?.children ?? [])]; }
function keyOf(part) {
  return part.querySelector(":scope > .j-key, :scope > summary > .j-key")?.textContent ?? "";
}
function rawText(part) {
  const text = part.querySelector(":scope > pre").textContent;
  return part.dataset.of === "text" ? JSON.stringify(text) : text;
}
function valueText(part) {
  const value = part.querySelector(":scope > .j-string, :scope > .j-number, :scope > .j-word, :scope > .j-mark");
  if (!value?.matches("div")) return value?.textContent ?? "";
  return [...value.querySelectorAll(".plain")].map((text) => text.textContent).join(""); // long text, cut in two
}

class CopyBar {
  constructor() {
    this.bar = document.createElement("span");
    this.bar.className = "j-bar";
    this.part = null;
    for (const [label, text] of [["Copy path", () => pathOf(this.part)], ["Copy value", () => this.value()]]) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = label;
      button.addEventListener("click", async (event) => {
        event.preventDefault();
        await navigator.clipboard.writeText(text());
        say("Copied");
      });
      this.bar.append(button);
    }
  }

  value() { return this.part.dataset.j === "string" ? valueText(this.part) : jsonOf(this.part); }

  show(part) {
    if (part === this.part && this.bar.isConnected) return;
    this.part = part;
    part.append(this.bar);
  }
}

function step(tree, by) {
  const shown = [...tree.querySelectorAll(".j")].filter((part) => part.checkVisibility());
  const at = shown.indexOf(document.activeElement.closest(".j"));
  const next = shown[Math.max(0, Math.min(shown.length - 1, at + by))];
  const target = next?.querySelector(":scope > summary") ?? next;
  if (target && !target.matches("summary")) target.tabIndex = -1;
  target?.focus();
}

export function startJsonCopy() {
  if (!navigator.clipboard) return;
  const bar = new CopyBar();
  const show = (event) => {
    const part = event.target.closest?.("[data-json] .j");
    if (part && !event.target.closest(".j-bar")) bar.show(part);
  };
  // Not "pointerover", which also comes when the bar goes away from under a pointer that rests.
  document.addEventListener("pointermove", show);
  document.addEventListener("focusin", show);
  document.addEventListener("keydown", (event) => {
    const tree = event.target.closest?.("[data-json]");
    if (!tree || !["ArrowDown", "ArrowUp"].includes(event.key) || event.target.closest(".j-bar")) return;
    event.preventDefault();
    event.stopPropagation();
    step(tree, event.key === "ArrowDown" ? 1 : -1);
  }, true);
}
