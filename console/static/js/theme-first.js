// Runs before the first paint, so it is not a module: otherwise the page would flash in the wrong theme.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  }
} catch {
  // Storage can be disabled. The theme of the system is then used.
}
