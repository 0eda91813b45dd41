// The colours: stored by the server in a cookie, shown at once.

export function watchTheme(form) {
  form?.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button?.value) return;
    event.preventDefault();
    document.documentElement.dataset.theme = button.value;
    for (const other of form.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
    // The answer is a redirect back to this page, which there is no need to load.
    const body = new URLSearchParams({ theme: button.value, next: "/" });
    fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => form.requestSubmit());
  });
}
