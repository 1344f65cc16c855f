// Exemplars as points that link to their request.

import { h } from "../dom.js";
import { clock, inUnit } from "../format.js";

const SLOTS = 50;

// Only the highest exemplar of each short interval is drawn, since points close together cannot be clicked.
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

export const label = (one, unit) => `${inUnit(one.value, unit)} at ${clock(one.at * 1000)}: show this request`;

// Links that the Tab key does not reach: the view of a single panel lists them too.
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
