// Converts query results to named series and to single values.

import { legend } from "./fill.js";

const named = (target, labels) => {
  const template = target.legendFormat ?? "";
  return template && template !== "__auto" ? legend(template, labels) : Object.values(labels).join(", ");
};

export function seriesOf(panel, results) {
  return panel.targets.flatMap((target) => (results[target.refId]?.series ?? []).map((one) => ({
    refId: target.refId, labels: one.labels, points: one.values, name: named(target, one.labels) || panel.title,
  })));
}

export const last = (points) => points.findLast(([, value]) => value !== null)?.[1] ?? null;

// Aligns all series to one time grid, so that missing samples appear as gaps.
export function onGrid(series, { start, end, step }) {
  const count = Math.max(2, Math.round((end - start) / step) + 1);
  const times = Array.from({ length: count }, (_, place) => start + place * step);
  return [times, ...series.map(({ points }) => {
    const values = new Array(count).fill(null);
    for (const [at, value] of points) {
      const place = Math.round((at - start) / step);
      if (place >= 0 && place < count) {
        values[place] = value;
      }
    }
    return values;
  })];
}

export const failureOf = (panel, results) => panel.targets.map((target) => results[target.refId]?.error).find(Boolean);
export const leftOut = (panel, results) => panel.targets.reduce((sum, target) => sum + (results[target.refId]?.left_out ?? 0), 0);
