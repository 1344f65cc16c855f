// Runs a task periodically while the page is visible. Runs never overlap.

export function every(milliseconds, work) {
  let isBusy = false;
  let timer = 0;
  async function turn() {
    clearTimeout(timer);
    if (!isBusy && !document.hidden) {
      isBusy = true;
      try {
        await work();
      } finally {
        isBusy = false;
      }
    }
    timer = setTimeout(turn, milliseconds);
  }
  document.addEventListener("visibilitychange", () => document.hidden || turn());
  turn();
  return turn;
}
