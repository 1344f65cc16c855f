// Deploys, faults and alerts as annotations on every graph: a line for a point in time, a shaded area for a duration.

import { fill, legend } from "./fill.js";
import { aligned, stepOf } from "./time.js";

const POINTS = 1000;
const PREFIX = "annotation.";

export function questions(board, range, values) {
  const step = stepOf(range, POINTS);
  const span = { ...aligned(range, step), step };
  return (board.annotations?.list ?? []).filter((one) => one.enable && one.expr && one.datasource?.uid === "prometheus").map((one, place) => ({
    id: `${PREFIX}${place}`, source: "prometheus", kind: "range", ...span, expr: fill(one.expr, values, { ...range, step }),
  }));
}

function marksOf(one, series, step) {
  const common = { title: legend(one.titleFormat ?? one.name, series.labels), text: legend(one.textFormat ?? "", series.labels), colour: one.iconColor, name: one.name };
  if (one.useValueForTime) {
    return [...new Set(series.values.map(([, value]) => value).filter((value) => value !== null))].map((ms) => ({ ...common, from: ms / 1000, to: ms / 1000 }));
  }
  const found = [];
  for (const [at, value] of series.values) {
    if (value === null || value === 0) {
      continue;
    }
    if (found.length && at - found.at(-1).to <= step * 1.5) {
      found.at(-1).to = at;
    } else {
      found.push({ ...common, from: at, to: at });
    }
  }
  return found;
}

export function marks(board, range, found) {
  const step = stepOf(range, POINTS);
  const enabled = (board.annotations?.list ?? []).filter((one) => one.enable && one.expr && one.datasource?.uid === "prometheus");
  return enabled.flatMap((one, place) => (found[`${PREFIX}${place}`]?.series ?? []).flatMap((series) => marksOf(one, series, step)))
    .filter((mark) => mark.to >= range.start && mark.from <= range.end);
}
