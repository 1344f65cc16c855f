// A row of the waterfall: a span with its bar, or a log line with its dot. A row expands to show its details.

import { h, pairs } from "../dom.js";
import { ms } from "../format.js";

const SERVICES = ["api", "worker", "payments", "sweeper", "nginx", "console", "traffic"];
const FINDING_LABELS = { scan: "no index", wait: "waited", longest: "longest", repeated: "repeated", retry: "retried", error: "failed here" };
const DEEPEST = 14;
const SHORTEST = 0.004; // share of the total duration: shorter pieces of the critical path would be invisible

export function colourOf(service) {
  const known = SERVICES.indexOf(service);
  return `s${known >= 0 ? known : [...service].reduce((sum, char) => sum + char.charCodeAt(0), 0) % 8}`;
}

const share = (part, total) => `${Math.min(99.5, Math.max(0, (part / total) * 100))}%`;

function piece(kind, from, long, total) {
  const element = h("span", { class: kind });
  element.style.left = share(from, total);
  element.style.width = `${Math.max(0.25, Math.min(100, (long / total) * 100))}%`;
  return element;
}

function spanBar(part, detail, kinds, total) {
  const marked = kinds.length ? "marked" : "";
  return h("span", { class: "bar", "aria-hidden": "true" }, piece(`piece ${colourOf(part.service)} ${part.error ? "failed" : ""} ${marked}`, part.offset_ms, part.duration_ms, total),
    (detail?.path ?? []).filter(([, long]) => long > total * SHORTEST).map(([from, long]) => piece("critical", part.offset_ms + from, long, total)));
}

function logDot(part, total) {
  const dot = h("span", { class: `dot ${part.level}` });
  dot.style.left = share(part.offset_ms ?? 0, total);
  return h("span", { class: "bar", "aria-hidden": "true" }, dot);
}

export const heldUp = (detail) => (detail?.path ?? []).reduce((sum, [, long]) => sum + long, 0);

function spanDetails(part, detail) {
  const events = (detail?.events ?? []).map((event) => h("div", { class: "event" }, h("b", {}, event.name), ` at +${ms(event.offset_ms)}`, pairs(event.attributes)));
  return [pairs({ "(span id)": part.span_id, "(on the critical path)": ms(heldUp(detail)), "(instance)": part.instance || "?", ...(detail?.attributes ?? {}) }),
    events.length ? h("div", { class: "events" }, h("h3", {}, "Events"), events) : null];
}

function logDetails(part, { logs = [], log_fields: fields = [] }) {
  const index = logs.findIndex((line) => line.at === part.at && line.message === part.message && line.service === part.service);
  return pairs({ ...(fields[index] ?? {}), message: part.message });
}

function spanName(part, kinds) {
  return [h("span", { class: `swatch ${colourOf(part.service)}`, "aria-hidden": "true" }), h("span", { class: "service" }, part.service), h("span", { class: "what" }, part.name), part.peer ? h("span", { class: "peer" }, part.peer) : null,
    part.error ? h("span", { class: "badge bad", title: part.error }, part.error.slice(0, 40)) : null, kinds.map((kind) => h("span", { class: `badge ${kind === "scan" || kind === "error" ? "bad" : "warn"}` }, FINDING_LABELS[kind]))];
}

// `found` has the kinds of findings about this span.
export function row({ part, depth }, total, found, story) {
  const isSpan = part.type === "span";
  const detail = isSpan ? story.details?.[part.span_id] : null;
  const open = h("div", { class: "open", hidden: true });
  const label = h("span", { class: "label" }, isSpan ? spanName(part, found) : [h("span", { class: `level ${part.level}` }, part.level || "LOG"), h("span", { class: "message" }, part.message)]);
  label.style.paddingInlineStart = `${Math.min(depth, DEEPEST) * 0.85}rem`;
  const button = h("button", {
    type: "button", "aria-expanded": "false",
    onclick: () => {
      if (!open.hasChildNodes()) {
        open.append(...[isSpan ? spanDetails(part, detail) : logDetails(part, story)].flat().filter(Boolean));
      }
      open.hidden = !open.hidden;
      button.setAttribute("aria-expanded", String(!open.hidden));
    },
  }, label, h("span", { class: "when" }, part.offset_ms === null ? "" : `+${ms(part.offset_ms)}`), isSpan ? spanBar(part, detail, found, total) : logDot(part, total), h("span", { class: "long" }, isSpan ? ms(part.duration_ms) : ""));
  const isStore = isSpan && part.peer.startsWith("redis") && !part.error && !found.length;
  return h("li", { class: `step ${part.type} ${isStore ? "store" : ""} ${found.length ? "explained" : ""}`, "data-span": part.span_id, "data-service": part.service, "data-kind": isSpan ? part.kind : "log" }, button, open);
}
