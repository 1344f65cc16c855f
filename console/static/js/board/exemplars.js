// Exemplars as points that lead to the request they were taken from.

import { h } from "../dom.js";
import { clock, inUnit } from "../format.js";

const SLOTS = 50;

// Not all of them: only the highest of each short interval, since points close together cannot be clicked.
export function chosen(exemplars, { start, end }) {
  const best = new Map();
  for (const one of exemplars) {
    const slot = Math.floor(((one.at - start) / (end - start)) * SLOTS);
    if (slot >= 0 && slot < SLOTS && one.value > (best.get(slot)?.value ?? -1)) {
      best.set(slot, one);
    }
  }
  return [...best.values()];
}

export const label = (one, unit) => `${inUnit(one.value, unit)} at ${clock(one.at * 1000)}: follow this request`;

// Links, but not reachable with the Tab key: the panel's own view lists them.
export function points(exemplars, unit) {
  return exemplars.map((one) => ({ one, element: h("a", { class: "exemplar", href: `/requests/${encodeURIComponent(one.trace_id)}`, tabindex: -1, title: label(one, unit), "aria-label": label(one, unit) }) }));
}

export function placePoints(u, all) {
  for (const { one, element } of all) {
    const top = u.valToPos(Math.min(one.value, u.scales.y.max), "y");
    element.style.left = `${u.valToPos(one.at, "x")}px`;
    element.style.top = `${Math.max(4, top)}px`;
  }
}
