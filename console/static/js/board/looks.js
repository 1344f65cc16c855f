// Grafana's colour names, thresholds and value mappings, in the colours of this page.

import { inUnit } from "../format.js";

const NAMES = { green: "--bar-good", orange: "--bar-warn", yellow: "--bar-warn", red: "--bar-bad", blue: "--s0", purple: "--s6", text: "--ink" };
const TEXTS = { green: "--good", orange: "--warn", yellow: "--warn", red: "--bad" };
const LINES = 8;

// A canvas does not support CSS custom properties, so their values are read when it is drawn.
export const paint = (property) => getComputedStyle(document.documentElement).getPropertyValue(property).trim();
export const property = (name) => NAMES[name] ?? "--ink";
export const textColour = (name) => `var(${TEXTS[name] ?? property(name)})`;
export const colour = (name) => `var(${property(name)})`;
export const lineProperty = (place) => `--s${place % LINES}`;
export const isDashed = (place) => Math.floor(place / LINES) % 2 === 1;

export const steps = (defaults) => defaults.thresholds?.steps ?? [{ value: null, color: "text" }];

export function thresholdColour(value, defaults) {
  const reached = steps(defaults).findLast((step) => step.value === null || value >= step.value);
  return reached?.color ?? "text";
}

// `100.0 %` becomes `100 %`, unless decimals are configured.
export const trimmed = (text) => text.replace(/(\.\d*?)0+(?!\d)/, "$1").replace(/\.(?!\d)/, "");

// The text and the colour name of a value. A value mapping takes precedence.
export function said(value, defaults) {
  const mapped = (defaults.mappings ?? []).map((mapping) => mapping.options?.[String(value)]).find(Boolean);
  const own = value === null ? "text" : thresholdColour(value, defaults);
  const written = inUnit(value, defaults.unit, defaults.decimals);
  return { text: mapped?.text ?? (defaults.decimals === undefined ? trimmed(written) : written), colour: mapped?.color ?? own };
}
