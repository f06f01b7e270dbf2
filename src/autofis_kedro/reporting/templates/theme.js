"use strict";
/* Light or dark: the system's wish, unless the reader pressed the button. Runs before anything is painted. */
const theme = (() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const listeners = [];
  let wish = null;
  try { wish = localStorage.getItem("autofis-report-theme"); } catch { /* a page without storage */ }
  const current = () => wish ?? (system.matches ? "dark" : "light");

  function apply() {
    if (wish) document.documentElement.dataset.theme = wish;
    const button = document.getElementById("theme");
    if (button) button.textContent = current() === "dark" ? "Light theme" : "Dark theme";
    for (const listener of listeners) listener();
  }
  function toggle() {
    wish = current() === "dark" ? "light" : "dark";
    try { localStorage.setItem("autofis-report-theme", wish); } catch { /* forgotten when the page closes */ }
    apply();
  }

  apply();
  system.addEventListener("change", apply);
  addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", toggle);
    apply();
  });
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return { onChange: (listener) => listeners.push(listener), style };
})();
