// What is new while a page is open: a stream of events, or a question every ten seconds where streams are blocked.

const POLL_MS = 10_000;
const SILENT_MS = 40_000; // the server says something every 15 seconds

/** Have `onMessage({ ids, missed })` called for what comes: `url` is /p/<project>/events?topic=…&q=…. Rests while the tab
    is hidden, and then tells at once what has come meanwhile. Returns what ends it. */
export function follow(url, onMessage) {
  const follower = new Follower(url, onMessage);
  const wake = () => (document.hidden ? follower.rest() : follower.start());
  const leave = () => follower.rest();
  document.addEventListener("visibilitychange", wake);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", wake); // also once the page has loaded: nothing competes with that
  if (document.readyState === "complete") wake();
  return () => {
    document.removeEventListener("visibilitychange", wake);
    removeEventListener("pagehide", leave);
    removeEventListener("pageshow", wake);
    follower.rest();
  };
}

class Follower {
  constructor(url, onMessage) {
    this.url = new URL(url, location.href);
    this.onMessage = onMessage;
    this.running = false;
    this.blocked = false;
  }

  start() {
    if (this.running) return;
    this.running = true;
    if (this.blocked || !globalThis.EventSource) this.poll();
    else this.listen();
  }

  rest() {
    this.running = false;
    clearTimeout(this.timer);
    this.stream?.close();
    this.asked?.abort();
  }

  heard(id, data) {
    this.url.searchParams.set("after", id);
    if (data && (data.ids?.length || data.missed)) this.onMessage(data);
  }

  listen() {
    const stream = (this.stream = new EventSource(this.url));
    let spoke = false;
    const alive = () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.giveUp(), spoke ? SILENT_MS : POLL_MS);
    };
    const take = (event) => {
      spoke = true;
      alive();
      this.heard(event.lastEventId, JSON.parse(event.data));
    };
    stream.addEventListener("here", take);
    stream.addEventListener("message", take);
    // A stream that once spoke is opened again by the browser; one that never did, or was refused, will not.
    stream.addEventListener("error", () => { if (!spoke || stream.readyState === EventSource.CLOSED) this.giveUp(); });
    alive();
  }

  giveUp() {
    if (!this.running) return;
    this.stream?.close();
    this.blocked = true;
    this.poll();
  }

  async poll() {
    clearTimeout(this.timer);
    this.asked = new AbortController();
    const url = new URL(this.url);
    url.searchParams.set("poll", "1");
    try {
      const answer = await fetch(url, { signal: this.asked.signal, headers: { accept: "application/json" } });
      if (answer.ok) {
        const { id, data } = await answer.json();
        this.heard(id, data);
      }
    } catch { /* the collector is away, or the page rests: asked again later */ }
    if (this.running) this.timer = setTimeout(() => this.poll(), POLL_MS);
  }
}
