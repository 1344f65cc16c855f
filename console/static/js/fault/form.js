// The form for the parameters of a fault. The shop returns the allowed values and the default of each, and validates the
// submitted values.

import { h } from "../dom.js";

const NUMBERS = { seconds: "Seconds", percent: "Percent", milliseconds: "Milliseconds", per_second: "Per second" };
const TEXTS = { route: "Route", instance: "Instance" };
const SECONDS = { allowed: "an integer from 1 to 3,600", default: 300 };

function field(fault, name, { allowed, default: preset }) {
  const isNumber = name in NUMBERS;
  return h("label", { title: allowed }, NUMBERS[name] ?? TEXTS[name] ?? name,
    h("input", { name, type: isNumber ? "number" : "text", step: isNumber ? "any" : null, min: isNumber ? 0 : null, value: preset, placeholder: isNumber ? "none" : "all", autocomplete: "off", "aria-label": `${NUMBERS[name] ?? TEXTS[name] ?? name} of ${fault.name}: ${allowed}` }));
}

export function form(fault, send) {
  const fields = Object.entries({ seconds: SECONDS, ...fault.takes }).map(([name, one]) => field(fault, name, one));
  return h("form", {
    onsubmit: (event) => {
      event.preventDefault();
      const given = [...event.target.querySelectorAll("input")].filter((input) => input.value.trim() !== "");
      send(fault, Object.fromEntries(given.map((input) => [input.name, input.name in NUMBERS ? Number(input.value) : input.value.trim()])));
    },
  }, fields, h("button", { type: "submit", class: "danger" }, "Switch on"));
}
