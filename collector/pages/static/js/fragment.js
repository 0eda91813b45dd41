// Parts of pages, fetched and put in place. The only way by which markup gets into the document.

// The policy takes nothing but what `fragment` below has fetched from our own server.
const fetched = new Set();
const policy = globalThis.trustedTypes?.createPolicy("app", {
  createHTML: (html) => {
    if (!fetched.delete(html)) throw new TypeError("not a fragment of our server");
    return html;
  },
});

/** Fetch a fragment and put it into `target`. Throws when the answer is none. */
export async function fragment(url, target, signal) {
  const response = await fetch(url, { signal, headers: { Accept: "text/html" }, redirect: "error" });
  const type = response.headers.get("content-type") ?? "";
  if (!response.ok || !type.startsWith("text/html") || !response.headers.has("x-assay-fragment")) {
    throw new Error(`${url} answered ${response.status}`);
  }
  const html = await response.text();
  fetched.add(html);
  target.innerHTML = policy ? policy.createHTML(html) : html;
}

/** Tell those who cannot see what has changed. */
export function say(text) {
  const place = document.getElementById("said");
  if (place) place.textContent = text;
}
