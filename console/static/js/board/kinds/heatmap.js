// The buckets of a histogram over time; a darker cell has a higher count.

import { h, put } from "../../dom.js";
import { inUnit } from "../../format.js";
import { onGrid, seriesOf } from "../frames.js";
import { paint } from "../looks.js";
import { plot } from "../plot.js";

const SHADES = 32;

const upperBound = (labels) => (labels.le === "+Inf" ? Infinity : Number(labels.le));

// Prometheus buckets are cumulative: the count between two bounds is the difference of two buckets.
export function cellsOf(columns) {
  return columns.map((values, number) => (number === 0 ? values : values.map((value, at) => {
    const below = columns[number - 1][at];
    return value === null ? null : Math.max(0, value - (below ?? 0));
  })));
}

function trimmed(bounds, cells) {
  const filled = cells.flatMap((values, number) => (values.some((value) => value > 0) ? [number] : []));
  const [from, to] = filled.length ? [Math.max(0, filled[0] - 1), Math.min(cells.length, filled.at(-1) + 2)] : [0, cells.length];
  return { bounds: bounds.slice(from, to), cells: cells.slice(from, to), floor: from ? bounds[from - 1] : 0 };
}

export function heatmap(place, panel) {
  const { defaults } = panel.fieldConfig;
  const unit = panel.options?.yAxis?.unit ?? "none";
  const graph = h("div", { class: "graph" });
  const scale = h("p", { class: "shades" });
  put(place, graph, scale);
  let known = null;
  let u = null;

  const edge = (number) => (number === 0 ? known.floor : known.bounds[number - 1]);
  const said = (value) => (value === Infinity ? "∞" : inUnit(value, unit));

  function draw({ ctx, bbox }) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.fillStyle = paint("--s0");
    const gap = devicePixelRatio;
    known.cells.forEach((values, number) => {
      const [top, bottom] = [u.valToPos(number + 1, "y", true), u.valToPos(number, "y", true)];
      values.forEach((value, at) => {
        if (value > 0) {
          const [left, right] = [u.valToPos(known.times[at] - known.span.step, "x", true), u.valToPos(known.times[at], "x", true)];
          ctx.globalAlpha = 0.08 + 0.92 * (Math.ceil(Math.sqrt(value / known.most) * SHADES) / SHADES);
          ctx.fillRect(left, top + gap / 2, Math.max(1, right - left - (right - left > 4 ? gap : 0)), bottom - top - gap);
        }
      });
    });
    ctx.restore();
  }

  function tip(idx) {
    const number = Math.floor(u.posToVal(u.cursor.top, "y"));
    const value = known.cells[number]?.[idx];
    return value === undefined ? null : h("p", { class: "tip-row" }, h("span", { class: "name" }, `${said(edge(number))} – ${said(edge(number + 1))}`), h("b", {}, inUnit(value ?? 0, defaults.unit)));
  }

  return {
    show(results, context) {
      const series = seriesOf(panel, results).filter((one) => one.labels.le !== undefined).sort((a, b) => upperBound(a.labels) - upperBound(b.labels));
      if (!series.length) {
        return false;
      }
      const [times, ...columns] = onGrid(series, context.span);
      const cut = trimmed(series.map((one) => upperBound(one.labels)), cellsOf(columns));
      const most = Math.max(1e-9, ...cut.cells.flat().map((value) => value ?? 0));
      known = { ...context, times, ...cut, most };
      put(scale, h("span", {}, "0"), h("span", { class: "ramp" }), h("span", {}, inUnit(most, defaults.unit)));
      u?.destroy();
      const count = cut.cells.length;
      const every = Math.max(1, Math.ceil(count / 8));
      u = plot(graph, {
        data: [times, times.map(() => null)], series: [{}, { show: true, points: { show: false } }], scales: { y: { range: () => [0, count] } },
        unit, tip, marks: () => known.marks, range: () => known.span, onZoom: (from, to) => known.onZoom(from, to), draw: (one) => known && draw(one),
        labels: { splits: () => Array.from({ length: count + 1 }, (_, number) => number).filter((number) => number % every === 0), values: (_, splits) => splits.map((number) => said(edge(number))) },
        ready: (made) => (u = made),
      });
      return true;
    },
    resize: () => u?.setSize({ width: Math.max(60, graph.clientWidth), height: Math.max(60, graph.clientHeight) }),
    recolour: () => u?.redraw(false),
    end: () => u?.destroy(),
  };
}
