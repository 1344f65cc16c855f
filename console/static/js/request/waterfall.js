// The waterfall: one row per span of all services, with its log lines and with the critical path drawn into the bars.
//
// Each row is an indented button in a list, with its times as text. A tree grid would be verbose in a screen reader.

import { h } from "../dom.js";
import { clock, grouped, ms } from "../format.js";
import { heldUp, row } from "./row.js";

const MOST_ROWS = 600;
const HOLDS_UP_MS = 1;

// Every row in tree order; depth sets the indentation.
function* walk(parts, depth = 0) {
  for (const part of parts) {
    yield { part, depth };
    if (part.type === "span") {
      yield* walk(part.parts, depth + 1);
    }
  }
}

function kindsBySpan(findings = []) {
  const found = new Map();
  findings.forEach(({ span_id: id, kind }) => found.set(id, [...(found.get(id) ?? []), kind]));
  return found;
}

// The spans on the critical path and their ancestors.
function onPath(parts, details, found = new Set()) {
  for (const part of parts) {
    if (part.type === "span") {
      onPath(part.parts, details, found);
      if (heldUp(details[part.span_id]) >= HOLDS_UP_MS || part.parts.some((inner) => inner.type === "span" && found.has(inner.span_id))) {
        found.add(part.span_id);
      }
    }
  }
  return found;
}

function scale(total) {
  return h("div", { class: "scale", "aria-hidden": "true" }, h("span", {}, "Span and log lines"), h("span", {}, "Start"), h("span", { class: "ticks" }, [0, 0.25, 0.5, 0.75, 1].map((part) => h("i", {}, ms(total * part)))), h("span", {}, "Duration"));
}

function choice(list, name, text, isOn) {
  const box = h("input", { type: "checkbox", checked: isOn, onchange: () => list.classList.toggle(name) });
  return h("label", {}, box, ` ${text}`);
}

// `story` has the trace and optionally `details` by span, `findings` and `logs`.
export function waterfall(story) {
  const { trace } = story;
  const total = trace.duration_ms || 1;
  const found = kindsBySpan(story.findings);
  const rows = [...walk(trace.parts)];
  const list = h("ol", { class: "steps" }, rows.slice(0, MOST_ROWS).map((one) => row(one, total, (one.part.type === "span" && found.get(one.part.span_id)) || [], story)));
  const path = story.details ? onPath(trace.parts, story.details) : null;
  path && [...list.children].forEach((item) => path.has(item.dataset.span) || item.classList.add("beside"));
  const switches = [story.logs ? choice(list, "no-logs", "Log lines", true) : null, choice(list, "no-stores", "Redis calls", true), path ? choice(list, "path-only", "Critical path only", false) : null];
  const element = h("section", { class: "card waterfall", "aria-label": "Waterfall" },
    h("header", {}, h("h2", {}, "Trace timeline"), h("span", { class: "hint" }, `Started at ${clock(trace.started_at, true)}. Select a row to show its attributes and events`, path ? [". ", h("span", { class: "critical-sample", "aria-hidden": "true" }), " Critical path"] : null),
      h("span", { class: "switches" }, switches)),
    scale(total), list, rows.length > MOST_ROWS ? h("p", { class: "hint" }, `Showing the first ${MOST_ROWS} of ${grouped(rows.length)} rows.`) : null);
  function show(spanId) {
    const item = [...list.children].find((one) => one.classList.contains("span") && one.dataset.span === spanId);
    const button = item?.querySelector("button");
    if (button) {
      list.classList.remove("path-only", "no-stores");
      if (button.getAttribute("aria-expanded") === "false") {
        button.click();
      }
      item.scrollIntoView({ block: "center" });
      button.focus();
    }
  }
  return { element, show };
}
