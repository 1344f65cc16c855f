// Keeps the inbox current without a reload: fetches the page again and replaces the list.
// Items that the user opened stay open, and the list is not replaced while there are no new items.

const EVERY_MS = 5000;
const news = document.getElementById("news");
let isAway = false;

function opened(list) {
  return new Set([...list.querySelectorAll("li[id]:has(details[open])")].map((item) => item.id));
}

function replace(list, fresh) {
  const open = opened(list);
  const focused = document.activeElement?.closest?.("li[id]")?.id;
  for (const id of open) {
    fresh.querySelector(`#${id} details`)?.setAttribute("open", "");
  }
  list.replaceWith(fresh);
  if (focused) {
    fresh.querySelector(`#${focused} summary`)?.focus({ preventScroll: true });
  }
}

async function refresh() {
  if (document.hidden) {
    return;
  }
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) {
      throw new Error(`status ${answer.status}`);
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const list = document.getElementById("inbox");
    const fresh = page.getElementById("inbox");
    const before = Number(list.dataset.newest);
    if (fresh && Number(fresh.dataset.newest) !== before) {
      const count = [...fresh.querySelectorAll("li[id]")].filter((item) => Number(item.id.slice(5)) > before).length;
      replace(list, document.adoptNode(fresh));
      news.textContent = `${count} new ${count === 1 ? "item" : "items"}`;
    } else if (isAway) {
      news.textContent = "The console responds again.";
    }
    isAway = false;
  } catch {
    isAway = true;
    news.textContent = "The console does not respond. The list may be outdated. Retrying every few seconds.";
  }
}

setInterval(refresh, EVERY_MS);
document.addEventListener("visibilitychange", refresh);
