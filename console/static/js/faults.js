// Faults: on for a bounded time, by the shop's administrator. Drills: what was drilled, and a running one's timeline.

import { change, getJson } from "./api.js";
import { at, empty, h, put, toast } from "./dom.js";
import { drills } from "./drills.js";
import { every } from "./every.js";
import { seconds } from "./format.js";
import { askToSignIn, mustBeIn } from "./signin.js";

const LABELS = { seconds: "For, s", percent: "Percent", route: "Route", milliseconds: "Milliseconds", instance: "Instance" };
const TAKEN = Object.keys(LABELS);
let shown = "";

const isOn = (fault) => Boolean(fault.on ?? fault.active);

// The catalogue names each fault's parameters as a list of names, of objects with a name, or as an object.
function parametersOf(fault) {
  const given = fault.parameters ?? fault.fields ?? [];
  const list = Array.isArray(given) ? given.map((one) => (typeof one === "string" ? { name: one } : one)) : Object.entries(given).map(([name, one]) => ({ name, ...(typeof one === "object" ? one : { default: one }) }));
  const known = list.filter((one) => TAKEN.includes(one.name));
  return known.some((one) => one.name === "seconds") ? known : [{ name: "seconds", default: 300 }, ...known];
}

function form(fault) {
  const inputs = parametersOf(fault).map((one) => {
    const isText = ["route", "instance"].includes(one.name);
    const input = h("input", { type: isText ? "text" : "number", name: one.name, min: isText ? null : one.minimum ?? 1, max: isText ? null : one.maximum ?? (one.name === "seconds" ? 3600 : null), value: one.default ?? (one.name === "seconds" ? 300 : ""), "aria-label": `${LABELS[one.name]} (${fault.name})` });
    return h("label", {}, LABELS[one.name], input);
  });
  return h("form", {
    onsubmit: async (event) => {
      event.preventDefault();
      const body = {};
      for (const input of event.target.querySelectorAll("input")) {
        if (input.value !== "") {
          body[input.name] = input.type === "number" ? Number(input.value) : input.value;
        }
      }
      await act(fault.name, () => change("PUT", `/api/faults/${encodeURIComponent(fault.name)}`, body), "on");
    },
  }, inputs, h("button", { type: "submit", class: "danger" }, "Switch on"));
}

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
  shown = "";
  await read();
}

function left(fault) {
  const until = fault.until ? (new Date(fault.until).getTime() - Date.now()) / 1000 : 0;
  return until > 0 ? `for ${seconds(until, 0)} more` : "";
}

function card(fault, isIn) {
  const on = isOn(fault);
  const text = fault.what ?? fault.description ?? fault.does ?? "";
  const isHere = fault.available ?? true;
  return h("article", { class: `card fault ${on ? "on" : ""}`, "data-fault": fault.name },
    h("header", {}, h("h3", {}, fault.name), on ? h("span", { class: "badge bad" }, "on") : h("span", { class: "badge" }, isHere ? "off" : "not available here")),
    text ? h("p", { class: "hint" }, text) : null,
    on ? h("p", { class: "hint" }, left(fault)) : null,
    on ? h("p", { class: "actions" }, h("button", { type: "button", onclick: () => act(fault.name, () => change("DELETE", `/api/faults/${encodeURIComponent(fault.name)}`), "off") }, "Switch off"))
      : isIn && isHere ? form(fault) : null);
}

async function read() {
  try {
    const found = await getJson("/api/faults");
    const text = JSON.stringify([found, Math.floor(Date.now() / 10000)]);
    if (text === shown || at("faults").contains(document.activeElement)) {
      return;
    }
    shown = text;
    const enter = found.signed_in ? null : h("p", { class: "note" }, "You see what is on. To switch a fault, ", h("button", { type: "button", onclick: askToSignIn }, "sign in as the administrator"), ".");
    put("faults", enter, found.faults.length ? h("div", { class: "cards" }, found.faults.map((fault) => card(fault, found.signed_in))) : empty("This installation has no faults to switch: the API runs without FAULTS_FILE, so they are off for good."));
  } catch (problem) {
    put("faults", empty(problem.message));
  }
  at("faults").setAttribute("aria-busy", "false");
}

document.addEventListener("signed", () => {
  shown = "";
  read();
});
every(3000, read);
every(2000, drills);
