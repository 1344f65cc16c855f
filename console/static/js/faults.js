// The faults page. The shop's administrator switches faults on for a limited time; other users see which faults are on.

import { change, getJson } from "./api.js";
import { drills } from "./drill/page.js";
import { at, empty, h, notes, put, toast } from "./dom.js";
import { every } from "./every.js";
import { form } from "./fault/form.js";
import { seconds } from "./format.js";
import { keyed } from "./keyed.js";
import { askToSignIn, mustBeIn } from "./signin.js";

const PLACES = { api: "API", worker: "worker", payments: "payment service", agent: "processes" };

async function act(name, work, word) {
  if (!(await mustBeIn())) {
    return;
  }
  try {
    await work();
    toast(`${name} is ${word}.`);
  } catch (problem) {
    toast(problem.message);
  }
  await read();
}

const address = (fault) => `/api/faults/${encodeURIComponent(fault.name)}`;
const switchOn = (fault, body) => act(fault.name, () => change("PUT", address(fault), body), "on");
const switchOff = (fault) => act(fault.name, () => change("DELETE", address(fault)), "off");

function left(until) {
  const rest = (new Date(until).getTime() - Date.now()) / 1000;
  return rest > 0 ? `switches off automatically in ${seconds(rest, 0)}` : "switching off now";
}

function how(fault) {
  return Object.entries(fault.parameters).map(([name, value]) => `${name} ${value}`).join(", ");
}

// A fault as the shop's API reports it to an administrator.
function card(fault) {
  const state = fault.on ? h("span", { class: "badge bad" }, "on") : h("span", { class: "badge" }, fault.available ? "off" : "not available");
  return h("article", { class: `card fault ${fault.on ? "on" : ""}`, "data-fault": fault.name },
    h("header", {}, h("h3", {}, fault.name), h("span", { class: "hint" }, PLACES[fault.where] ?? fault.where), state),
    h("p", {}, fault.what),
    fault.on ? h("p", { class: "hint" }, how(fault), how(fault) ? " · " : "", h("span", { "data-until": fault.until }, left(fault.until))) : null,
    fault.on ? h("p", { class: "actions" }, h("button", { type: "button", onclick: () => switchOff(fault) }, "Switch off")) : null,
    !fault.on && fault.available ? h("details", {}, h("summary", {}, "Switch on …"), form(fault, switchOn)) : null,
    !fault.on && !fault.available ? h("p", { class: "hint" }, "Requires the fault agent, which runs only in an installation without containers.") : null);
}

// A fault as the metrics report it, shown without sign-in.
function chip(fault) {
  return h("li", { class: `badge ${fault.on ? "bad" : ""}`, "data-fault": fault.name }, fault.on ? `${fault.name} is on` : fault.name);
}

function show(found) {
  const place = at("faults");
  const view = found.signed_in ? "cards" : "chips";
  if (place.firstElementChild?.dataset.view !== view) {
    put(place, h("ul", { class: view === "cards" ? "cards" : "chips", "data-view": view, role: "list" }));
  }
  const byState = [...found.faults].sort((a, b) => b.on - a.on);
  keyed(place.firstElementChild, byState, (fault) => fault.name, (fault) => (found.signed_in ? h("li", {}, card(fault)) : chip(fault)));
  put("sign-in", found.signed_in ? null : h("p", { class: "note calm" }, "Viewing does not require sign-in. To switch a fault or run a drill, ", h("button", { type: "button", class: "main", onclick: askToSignIn }, "sign in"), " as the shop's administrator."));
}

async function read() {
  try {
    const found = await getJson("/api/faults");
    notes("notes", []);
    if (found.faults.length) {
      show(found);
    } else {
      put("faults", empty("No faults are available: the API runs without the setting FAULTS_FILE."));
    }
  } catch (problem) {
    notes("notes", [problem.message]);
  }
  at("faults").setAttribute("aria-busy", "false");
}

document.addEventListener("signed", () => {
  read();
  drills();
});
setInterval(() => {
  for (const span of document.querySelectorAll("[data-until]")) {
    span.textContent = left(span.dataset.until);
  }
}, 1000);
every(3000, read);
every(2000, drills);
