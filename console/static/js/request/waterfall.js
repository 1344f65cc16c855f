// The waterfall: a row per span, its log lines in line with it, details on demand.
//
// A tree grid would be more to hear than to use: each row is a button in a list, indented, with its times in words.

import { h, pairs } from "../dom.js";
import { clock, ms } from "../format.js";

const MOST_ROWS = 600;
const SERVICES = ["api", "worker", "payments", "sweeper", "nginx", "console", "traffic"];

export function colourOf(service) {
  const known = SERVICES.indexOf(service);
  return `s${known >= 0 ? known : [...service].reduce((sum, char) => sum + char.charCodeAt(0), 0) % 8}`;
}

// Every row in the order of the tree; depth is for the indent.
function* walk(parts, depth = 0) {
  for (const part of parts) {
    yield { part, depth };
    if (part.type === "span") {
      yield* walk(part.parts, depth + 1);
    }
  }
}

function details(part, detail, story) {
  if (part.type === "log") {
    const index = story.logs.findIndex((line) => line.at === part.at && line.message === part.message && line.service === part.service);
    return pairs({ ...(story.log_fields[index] ?? {}), message: part.message });
  }
  const events = (detail?.events ?? []).map((event) => h("div", { class: "event" }, h("b", {}, event.name), ` at +${ms(event.offset_ms)}`, pairs(event.attributes)));
  return h("div", {}, pairs({ "(span id)": part.span_id, "(own time)": ms(detail?.own_ms ?? 0), "(instance)": part.instance || "?", ...(detail?.attributes ?? {}) }),
    events.length ? h("div", { class: "events" }, h("h3", {}, "Events"), events) : null);
}

function bar(part, total, longest) {
  const piece = h("span", { class: `piece ${colourOf(part.service)} ${part.error ? "failed" : ""} ${longest ? "longest" : ""}` });
  piece.style.left = `${Math.min(99.5, Math.max(0, (part.offset_ms / total) * 100))}%`;
  piece.style.width = `${Math.max(0.25, Math.min(100, (part.duration_ms / total) * 100))}%`;
  return h("span", { class: "bar", "aria-hidden": "true" }, piece);
}

function mark(part, total) {
  const dot = h("span", { class: `dot ${part.level}` });
  dot.style.left = `${Math.min(99.5, Math.max(0, ((part.offset_ms ?? 0) / total) * 100))}%`;
  return h("span", { class: "bar", "aria-hidden": "true" }, dot);
}

function row({ part, depth }, story, total, telling) {
  const isSpan = part.type === "span";
  const detail = isSpan ? story.details[part.span_id] : null;
  const open = h("div", { class: "open", hidden: true });
  const told = isSpan ? telling.get(part.span_id) : null;
  const name = isSpan
    ? [h("span", { class: `swatch ${colourOf(part.service)}`, "aria-hidden": "true" }), h("span", { class: "service" }, part.service), h("span", { class: "what" }, part.name), part.peer ? h("span", { class: "peer" }, part.peer) : null,
      part.error ? h("span", { class: "badge bad" }, part.error.slice(0, 60)) : null, told ? h("span", { class: "badge warn" }, told) : null]
    : [h("span", { class: `level ${part.level}` }, part.level || "LOG"), h("span", { class: "message" }, part.message)];
  const label = h("span", { class: "label" }, name);
  label.style.paddingInlineStart = `${Math.min(depth, 14) * 0.85}rem`;
  const button = h("button", {
    type: "button", "aria-expanded": "false",
    onclick: () => {
      if (!open.hasChildNodes()) {
        open.append(details(part, detail, story));
      }
      open.hidden = !open.hidden;
      button.setAttribute("aria-expanded", String(!open.hidden));
    },
  }, label, h("span", { class: "when" }, part.offset_ms === null ? "" : `+${ms(part.offset_ms)}`), isSpan ? bar(part, total, Boolean(told)) : mark(part, total), h("span", { class: "long" }, isSpan ? ms(part.duration_ms) : ""));
  return h("li", { class: `step ${part.type}`, "data-span": isSpan ? part.span_id : part.span_id, "data-service": part.service, "data-kind": isSpan ? part.kind : "log", "data-peer": part.peer ?? "" }, button, open);
}

function scale(total) {
  return h("div", { class: "scale", "aria-hidden": "true" }, h("span", {}, "span, and its log lines"), h("span", {}, "began"), h("span", { class: "ticks" }, [0, 0.25, 0.5, 0.75, 1].map((part) => h("i", {}, ms(total * part)))), h("span", {}, "took"));
}

export function waterfall(story) {
  const total = story.trace.duration_ms || 1;
  const telling = new Map(story.findings.map((one) => [one.span_id, { scan: "no index", wait: "waited", longest: "longest", repeated: "repeated", error: null }[one.kind]]));
  const rows = [...walk(story.trace.parts)];
  const list = h("ol", { class: "steps" }, rows.slice(0, MOST_ROWS).map((one) => row(one, story, total, telling)));
  const logs = h("input", { type: "checkbox", checked: true, onchange: () => list.classList.toggle("no-logs", !logs.checked) });
  const stores = h("input", { type: "checkbox", checked: true, onchange: () => list.classList.toggle("no-stores", !stores.checked) });
  for (const item of list.children) {
    if (item.classList.contains("span") && ["redis"].some((name) => item.dataset.peer.startsWith(name))) {
      item.classList.add("store");
    }
  }
  const element = h("section", { class: "card waterfall", "aria-label": "Waterfall" },
    h("header", {}, h("h2", {}, "What happened, in order"), h("span", { class: "hint" }, `began ${clock(story.trace.started_at, true)}; a row opens its attributes and events`),
      h("span", { class: "switches" }, h("label", {}, logs, " log lines"), h("label", {}, stores, " Redis calls"))),
    scale(total), list, rows.length > MOST_ROWS ? h("p", { class: "hint" }, `The first ${MOST_ROWS} of ${rows.length} rows.`) : null);
  function show(spanId) {
    const item = [...list.children].find((one) => one.classList.contains("span") && one.dataset.span === spanId);
    const button = item?.querySelector("button");
    if (button) {
      if (button.getAttribute("aria-expanded") === "false") {
        button.click();
      }
      item.scrollIntoView({ block: "center" });
      button.focus();
    }
  }
  return { element, show };
}
