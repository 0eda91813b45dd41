// Parts of pages, fetched and put in place. The only way by which markup gets into the document.
import { showTimes } from "./times.js";

// The policy takes nothing but what `fragment` below has fetched from our own server.
const fetched = new Set();
const pieces = new WeakSet();
const policy = globalThis.trustedTypes?.createPolicy("app", {
  createHTML: (html) => {
    if (!fetched.delete(html)) throw new TypeError("not a fragment of our server");
    return html;
  },
});

/** Fetch a fragment and put it into `target`; with a `form`, send that. Throws when the answer is none. */
export async function fragment(url, target, signal, form) {
  showFragment(await fetchFragment(url, signal, form), target);
}

/** Fetch a fragment for later, and as often as it is shown. */
export async function fetchFragment(url, signal, form) {
  const sent = form === undefined ? {} : { method: "POST", body: form };
  const response = await fetch(url, { signal, headers: { Accept: "text/html" }, redirect: "error", ...sent });
  const type = response.headers.get("content-type") ?? "";
  if (!response.ok || !type.startsWith("text/html") || !response.headers.has("x-assay-fragment")) {
    throw new Error(`${url} answered ${response.status}`);
  }
  const piece = Object.freeze({ html: await response.text() });
  pieces.add(piece);
  return piece;
}

/** Put a fragment that `fetchFragment` gave into `target`. */
export function showFragment(piece, target) {
  if (!pieces.has(piece)) throw new TypeError("not a fragment of our server");
  fetched.add(piece.html);
  target.innerHTML = policy ? policy.createHTML(piece.html) : piece.html;
  showTimes(target);
}

/** Have `then` called once the page is there to be read: what can come later should not compete with it. */
export function onceReadable(then) {
  const afterFrame = () => requestAnimationFrame(() => setTimeout(then));
  if (document.readyState === "complete") afterFrame();
  else addEventListener("load", afterFrame, { once: true });
}

/** Tell those who cannot see what has changed. */
export function say(text) {
  const place = document.getElementById("said");
  if (place) place.textContent = text;
}
