// The waterfall: a row per span over all services, its log lines in line with it, the critical path drawn into the bars.
//
// A tree grid would be more to hear than to use: each row is a button in a list, indented, with its times in words.

import { h } from "../dom.js";
import { clock, ms } from "../format.js";
import { heldUp, row } from "./row.js";

const MOST_ROWS = 600;
const HOLDS_UP_MS = 1;

// Every row in the order of the tree; depth is for the indent.
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

// The spans on the critical path, and their ancestors.
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
  return h("div", { class: "scale", "aria-hidden": "true" }, h("span", {}, "span, and its log lines"), h("span", {}, "began"), h("span", { class: "ticks" }, [0, 0.25, 0.5, 0.75, 1].map((part) => h("i", {}, ms(total * part)))), h("span", {}, "took"));
}

function choice(list, name, text, isOn) {
  const box = h("input", { type: "checkbox", checked: isOn, onchange: () => list.classList.toggle(name) });
  return h("label", {}, box, ` ${text}`);
}

// `story` has, besides the trace, what is known of it: `details` by span, `findings`, `logs`; a trace alone can be drawn too.
export function waterfall(story) {
  const { trace } = story;
  const total = trace.duration_ms || 1;
  const found = kindsBySpan(story.findings);
  const rows = [...walk(trace.parts)];
  const list = h("ol", { class: "steps" }, rows.slice(0, MOST_ROWS).map((one) => row(one, total, (one.part.type === "span" && found.get(one.part.span_id)) || [], story)));
  const path = story.details ? onPath(trace.parts, story.details) : null;
  path && [...list.children].forEach((item) => path.has(item.dataset.span) || item.classList.add("beside"));
  const switches = [story.logs ? choice(list, "no-logs", "log lines", true) : null, choice(list, "no-stores", "Redis calls", true), path ? choice(list, "path-only", "only the critical path", false) : null];
  const element = h("section", { class: "card waterfall", "aria-label": "Waterfall" },
    h("header", {}, h("h2", {}, "What happened, in order"), h("span", { class: "hint" }, `began ${clock(trace.started_at, true)}; a row opens its attributes and events`, path ? [", ", h("span", { class: "critical-sample", "aria-hidden": "true" }), " held everything up"] : null),
      h("span", { class: "switches" }, switches)),
    scale(total), list, rows.length > MOST_ROWS ? h("p", { class: "hint" }, `The first ${MOST_ROWS} of ${rows.length} rows.`) : null);
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
