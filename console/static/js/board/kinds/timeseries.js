// Lines over time, optionally stacked, with thresholds as dashed lines, a legend that toggles series, and exemplars.

import { h, link, put } from "../../dom.js";
import { inUnit } from "../../format.js";
import { chosen, placePoints, points } from "../exemplars.js";
import { address } from "../fill.js";
import { last, onGrid, seriesOf } from "../frames.js";
import { isDashed, lineProperty, paint, property, steps } from "../looks.js";
import { plot } from "../plot.js";

const TIP_ROWS = 14;

const isAlone = (u, place) => u.data[place].flatMap((value, at, all) => (value !== null && (all[at - 1] ?? null) === null && (all[at + 1] ?? null) === null ? [at] : []));

function lineOf(place, custom, isStacked) {
  return {
    stroke: () => paint(lineProperty(place)), width: (custom.lineWidth ?? 1) * 1.3,
    fill: () => `color-mix(in srgb, ${paint(lineProperty(place))} ${custom.fillOpacity ?? 0}%, transparent)`,
    dash: isDashed(place) ? [6, 3] : undefined, spanGaps: isStacked,
    points: { show: true, size: 4, filter: isAlone, fill: () => paint(lineProperty(place)) },
  };
}

const isNothing = (values) => values.every((value) => !value);

// Each line is stacked on the lines before it. Where other lines have values, a missing value counts as zero. A line without
// any value other than zero is not drawn, because it would cover another line.
function stacked(columns) {
  const sums = columns[0]?.map(() => 0) ?? [];
  return columns.map((values) => (isNothing(values) ? values.map(() => null) : values.map((value, at) => {
    if (columns.every((column) => column[at] === null)) {
      return null;
    }
    sums[at] += value ?? 0;
    return sums[at];
  })));
}

// The filled areas: from each line down to the line below it.
function bandsOf(columns) {
  const drawn = columns.flatMap((values, number) => (isNothing(values) ? [] : [number + 1]));
  return drawn.slice(1).map((number, place) => ({ series: [number, drawn[place]] }));
}

function yRange({ min, max }) {
  return (_, low, high) => {
    const [bottom, top] = [min ?? (low === null ? 0 : low - Math.abs(high - low) * 0.08), max ?? (high === null ? 1 : high + Math.abs(high - (min ?? low)) * 0.08)];
    return top > bottom ? [bottom, top] : [bottom, bottom + 1];
  };
}

function limits(u, defaults) {
  if (defaults.custom?.thresholdsStyle?.mode !== "dashed") {
    return;
  }
  const { ctx, bbox } = u;
  for (const { value, color } of steps(defaults)) {
    if (value === null || value < u.scales.y.min || value > u.scales.y.max) {
      continue;
    }
    const y = u.valToPos(value, "y", true);
    ctx.save();
    ctx.strokeStyle = paint(property(color));
    ctx.lineWidth = 1.4 * devicePixelRatio;
    ctx.setLineDash([8 * devicePixelRatio, 6 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}

export function timeseries(place, panel) {
  const { defaults } = panel.fieldConfig;
  const custom = defaults.custom ?? {};
  const isStacked = custom.stacking?.mode === "normal";
  const graph = h("div", { class: "graph" });
  const names = h("ul", { class: "legend" });
  put(place, graph, names);
  const hidden = new Set();
  let known = null;
  let u = null;

  function legendItem(one, number) {
    const sign = h("span", { class: "swatch" });
    sign.style.background = `var(${lineProperty(number)})`;
    const button = h("button", { type: "button", class: "quiet", "aria-pressed": String(!hidden.has(one.name)), title: "Show or hide this series", onclick: () => {
      hidden.has(one.name) ? hidden.delete(one.name) : hidden.add(one.name);
      draw();
      names.querySelectorAll("button")[number]?.focus();
    } }, sign, h("span", { class: "name" }, one.name), h("span", { class: "now" }, inUnit(last(one.points), defaults.unit, defaults.decimals)));
    const leads = (defaults.links ?? []).filter((to) => to.url.includes("${__field.labels.")).map((to) => link(address(to.url, { range: known.range, labels: one.labels }), "→", { class: "lead", title: `${to.title}: ${one.name}`, "aria-label": `${to.title}: ${one.name}` }));
    return h("li", {}, button, leads);
  }

  function tip(idx) {
    const rows = known.series.map((one, number) => ({ one, number, value: known.plain[number][idx] })).filter(({ one, value }) => value !== null && !hidden.has(one.name));
    const shown = rows.sort((a, b) => b.value - a.value).slice(0, TIP_ROWS).map(({ one, number, value }) => {
      const sign = h("span", { class: "swatch" });
      sign.style.background = `var(${lineProperty(number)})`;
      return h("p", { class: "tip-row" }, sign, h("span", { class: "name" }, one.name), h("b", {}, inUnit(value, defaults.unit, defaults.decimals)));
    });
    return [...shown, rows.length > TIP_ROWS ? h("p", { class: "tip-time" }, `… and ${rows.length - TIP_ROWS} more`) : null];
  }

  function draw() {
    const visible = known.plain.map((values, number) => (hidden.has(known.series[number].name) ? values.map(() => null) : values));
    const data = [known.times, ...(isStacked ? stacked(visible) : visible)];
    const bands = isStacked ? bandsOf(visible) : [];
    const signature = JSON.stringify([known.series.map((one) => one.name), bands]);
    put(names, known.series.map(legendItem));
    if (u && u.signature === signature) {
      u.setData(data);
    } else {
      u?.destroy();
      u = plot(graph, {
        data, bands, series: [{}, ...known.series.map((_, number) => lineOf(number, custom, isStacked))], scales: { y: { range: yRange(defaults) } },
        unit: defaults.unit ?? "none", tip, marks: () => known.marks, range: () => known.span, onZoom: (from, to) => known.onZoom(from, to),
        draw: (one) => {
          limits(one, defaults);
          placePoints(one, known.points);
        },
      });
      u.signature = signature;
    }
    u.over.querySelectorAll(".exemplar").forEach((one) => one.remove());
    u.over.append(...known.points.map(({ element }) => element));
    placePoints(u, known.points);
  }

  return {
    show(results, context) {
      const series = seriesOf(panel, results).slice(0, 60);
      if (!series.some((one) => one.points.length)) {
        return false;
      }
      const [times, ...plain] = onGrid(series, context.span);
      const exemplars = panel.targets.flatMap((target) => results[target.refId]?.exemplars ?? []);
      known = { ...context, series, times, plain, points: points(chosen(exemplars, context.span), defaults.unit) };
      draw();
      return true;
    },
    resize: () => u?.setSize({ width: Math.max(60, graph.clientWidth), height: Math.max(60, graph.clientHeight) }),
    recolour: () => u?.redraw(false),
    end: () => u?.destroy(),
  };
}
