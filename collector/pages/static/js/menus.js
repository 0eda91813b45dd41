// A menu made of <details> closes like one: on Escape, and when the focus or a click goes elsewhere.

export function startMenus() {
  for (const menu of document.querySelectorAll("details.menu")) {
    const close = (event) => { if (!menu.contains(event.target)) menu.open = false; };
    document.addEventListener("click", close);
    document.addEventListener("focusin", close);
    menu.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !menu.open) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  }
}
