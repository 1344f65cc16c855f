// The frame of every page: search by ID, keyboard shortcuts, theme, sign-in state, number of firing alerts.

import { getJson, whoIsIn } from "./api.js";
import { at, h } from "./dom.js";
import { every } from "./every.js";
import { account } from "./signin.js";

const pages = [...document.querySelectorAll(".pages a")];
const ID = /^[A-Za-z0-9._:-]{1,128}$/;

at("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = at("find-id").value.trim();
  if (ID.test(id)) {
    location.href = `/requests/${encodeURIComponent(id)}`;
  } else {
    at("find-id").setCustomValidity("Enter a request, trace or order ID: letters, digits and . _ : -");
    at("find-id").reportValidity();
  }
});
at("find-id").addEventListener("input", () => at("find-id").setCustomValidity(""));

// --- theme ---

const THEMES = ["system", "light", "dark"];

function theme() {
  return document.documentElement.dataset.theme ?? "system";
}

function show(next) {
  if (next === "system") {
    delete document.documentElement.dataset.theme;
  } else {
    document.documentElement.dataset.theme = next;
  }
  at("theme").setAttribute("aria-label", `Theme: ${next}`);
  at("theme").title = at("theme").getAttribute("aria-label");
}

show(theme());
at("theme").addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
  show(next);
  try {
    localStorage.setItem("theme", next);
  } catch {
    // Storage can be disabled. The theme then lasts until the page is closed.
  }
  document.dispatchEvent(new Event("theme"));
});

// --- keyboard shortcuts ---

function help() {
  const keys = [["/", "Find by ID"], ["?", "Show keyboard shortcuts"], ["t", "Change theme"],
    ...pages.map((page) => [`g ${page.dataset.key}`, `Go to ${page.querySelector("span").textContent}`])];
  const dialog = h("dialog", { "aria-labelledby": "keys-title" },
    h("h2", { id: "keys-title" }, "Keyboard shortcuts"),
    h("dl", { class: "keys" }, keys.map(([key, what]) => [h("dt", {}, key.split(" ").map((one) => [h("kbd", {}, one), " "])), h("dd", {}, what)])),
    h("button", { type: "button", onclick: () => dialog.close() }, "Close"));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

at("help").addEventListener("click", help);
let isGoing = 0;
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, select, textarea, dialog");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const page = Date.now() - isGoing < 1500 && pages.find((one) => one.dataset.key === event.key);
  isGoing = event.key === "g" ? Date.now() : 0;
  if (page) {
    page.click();
  } else if (event.key === "/") {
    event.preventDefault();
    at("find-id").focus();
  } else if (event.key === "?") {
    help();
  } else if (event.key === "t") {
    at("theme").click();
  }
});

// --- sign-in state and firing alerts ---

account(at("who"));
whoIsIn().catch(() => {});

function showCount(count) {
  at("firing").hidden = !count;
  at("firing").textContent = String(count);
  at("firing").setAttribute("aria-label", `${count} firing`);
}

// The overview page and the alerts page have the number already and send it as an event.
document.addEventListener("firing", (event) => showCount(event.detail));
if (!["/", "/alerts"].includes(location.pathname)) {
  every(15000, async () => {
    try {
      const { alerts } = await getJson("/api/alerts");
      showCount((alerts ?? []).filter((alert) => alert.state === "active" && alert.severity !== "none").length);
    } catch {
      // The page itself shows which server does not respond.
    }
  });
}
