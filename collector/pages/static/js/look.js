// How pages look: colours, density of rows, width of the rail, zone of times. Kept by the server in a cookie, shown at once.
import { on } from "./keys.js";
import { showTimes } from "./times.js";

export function watchLook(form) {
  showTimes(document);
  on("U", () => form?.querySelector('[name="times"]').click());
  form?.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button?.name) return;
    event.preventDefault();
    const chosen = button.value;
    document.documentElement.dataset[button.name] = chosen;
    const others = [...form.querySelectorAll(`button[name="${button.name}"]`)];
    if (others.length > 1) for (const other of others) other.setAttribute("aria-pressed", String(other === button));
    else flip(button);
    if (button.name === "times") showTimes(document);
    // The answer is a redirect back to this page, which there is no need to load.
    const body = new URLSearchParams({ [button.name]: chosen, next: "/" });
    fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => form.requestSubmit());
  });
}

// One button for two states: pressed where the second one is chosen; its value is the state it leads to.
function flip(button) {
  const before = button.getAttribute("aria-pressed") === "true";
  button.setAttribute("aria-pressed", String(!before));
  button.value = before ? button.dataset.second : button.dataset.first;
}
