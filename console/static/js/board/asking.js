// Sends the queries of the panels in batches.

import { ask } from "../api.js";
import { fill } from "./fill.js";
import { aligned, stepOf } from "./time.js";

const MOST_AT_ONCE = 60;
const POINTS = 400;
const FEW_POINTS = 100;

const SMALL = new Set(["stat", "gauge", "bargauge"]);

export function spanOf(panel, range) {
  const step = stepOf(range, SMALL.has(panel.type) ? FEW_POINTS : POINTS);
  return { ...aligned(range, step), step };
}

function kindOf(panel, target) {
  const source = target.datasource.uid;
  if (source === "jaeger") {
    return "trace";
  }
  if (panel.type === "logs") {
    return "logs";
  }
  return target.instant || target.queryType === "instant" ? "instant" : "range";
}

// Throws if a query uses a variable that the dashboard does not define.
export function questions(panel, range, values) {
  const span = spanOf(panel, range);
  return panel.targets.flatMap((target) => {
    const kind = kindOf(panel, target);
    const times = kind === "range" ? span : { start: range.start, end: range.end, step: span.step };
    const question = {
      id: `${panel.id}.${target.refId}`, source: target.datasource.uid, kind, ...times,
      expr: fill(target.expr ?? target.query ?? "", values, { start: range.start, end: range.end, step: span.step }),
      ...(kind === "logs" ? { limit: Math.min(target.maxLines ?? 100, 500) } : {}),
    };
    return target.exemplar ? [question, { ...question, id: `${panel.id}.${target.refId}.exemplars`, kind: "exemplars" }] : [question];
  });
}

export async function answers(asked) {
  const parts = [];
  for (let place = 0; place < asked.length; place += MOST_AT_ONCE) {
    parts.push(ask(asked.slice(place, place + MOST_AT_ONCE)));
  }
  return Object.assign({}, ...(await Promise.all(parts)));
}

export function resultsOf(panel, found) {
  return Object.fromEntries(panel.targets.map((target) => [target.refId, {
    ...found[`${panel.id}.${target.refId}`], exemplars: found[`${panel.id}.${target.refId}.exemplars`]?.exemplars ?? [],
  }]));
}
