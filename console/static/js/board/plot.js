// The common part of time series and heatmaps: a graph over time with axes, crosshair, annotations and zoom by dragging.

import uPlot from "./uplot.js";
import { h } from "../dom.js";
import { clock, day, inUnit } from "../format.js";
import { paint, property, trimmed } from "./looks.js";
import { hideTip, showTip } from "./tip.js";

const CROSSHAIR = "board";
const SECONDS = [1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400, 172800, 432800, 864000];
const BYTES = Array.from({ length: 50 }, (_, power) => 2 ** power);
const NEAR_PIXELS = 6;
const font = () => `11px ${getComputedStyle(document.body).fontFamily}`;

function timeLabels(_, splits, __, ___, increment) {
  return splits.map((at, place) => {
    const isNewDay = place > 0 && day(at * 1000) !== day(splits[place - 1] * 1000);
    const label = increment < 60 ? clock(at * 1000) : clock(at * 1000).slice(0, 5);
    return increment >= 86400 ? day(at * 1000).slice(5) : isNewDay ? `${day(at * 1000).slice(5)} ${label}` : label;
  });
}

function axes(unit, labels) {
  const look = { stroke: () => paint("--soft"), grid: { stroke: () => paint("--line"), width: 1 }, ticks: { show: false } };
  const increments = unit === "s" ? { incrs: SECONDS } : /^(bytes|binBps)$/.test(unit) ? { incrs: BYTES } : {};
  return [
    { ...look, font: font(), size: 26, gap: 4, space: 70, values: timeLabels },
    { ...look, font: font(), gap: 6, space: 28, size: (_, values) => 14 + 6.4 * Math.max(2, ...(values ?? []).map((one) => String(one ?? "").length)), values: (_, splits) => splits.map((value) => trimmed(inUnit(value, unit))), ...increments, ...labels },
  ];
}

export function drawMarks(u, marks) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const mark of marks) {
    const [left, right] = [u.valToPos(mark.from, "x", true), u.valToPos(mark.to, "x", true)];
    ctx.fillStyle = ctx.strokeStyle = paint(property(mark.colour));
    ctx.globalAlpha = 0.05; // several annotations can overlap
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.globalAlpha = 0.75;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.fillRect(left, bbox.top + bbox.height - 3 * devicePixelRatio, Math.max(right - left, 4 * devicePixelRatio), 3 * devicePixelRatio);
  }
  ctx.restore();
}

const marksAt = (u, left, marks) => marks.filter((mark) => left >= u.valToPos(mark.from, "x") - NEAR_PIXELS && left <= u.valToPos(mark.to, "x") + NEAR_PIXELS);

function tipFor(u, content, marks) {
  const { left, top, idx } = u.cursor;
  if (idx === null || idx === undefined || left < 0) {
    hideTip();
    return;
  }
  const box = u.over.getBoundingClientRect();
  const near = marksAt(u, left, marks).slice(0, 6).map((mark) => {
    const sign = h("span", { class: "swatch" });
    sign.style.background = `var(${property(mark.colour)})`;
    return h("p", { class: "tip-row" }, sign, h("b", {}, mark.title), h("span", {}, mark.text));
  });
  showTip(box.left + left, box.top + top, [h("p", { class: "tip-time" }, `${day(u.data[0][idx] * 1000)} ${clock(u.data[0][idx] * 1000)}`), content(idx), near]);
}

// `tip(idx)` returns the tooltip content for a point in time; `onZoom(from, to)` receives the selected range in seconds.
export function plot(place, { data, series, bands = [], scales, unit, labels = {}, draw, tip, marks, range, onZoom, ready }) {
  let isOver = false;
  const u = new uPlot({
    width: Math.max(60, place.clientWidth), height: Math.max(60, place.clientHeight), padding: [8, 10, 0, 0],
    series, bands, axes: axes(unit, labels), legend: { show: false },
    scales: { x: { time: true, range: () => [range().start, range().end] }, ...scales },
    cursor: { points: { size: 6 }, drag: { x: true, y: false, setScale: false }, focus: { prox: 30 }, sync: { key: CROSSHAIR, scales: ["x", null] } },
    hooks: {
      draw: [draw, (one) => drawMarks(one, marks())],
      setCursor: [(one) => isOver && tipFor(one, tip, marks())],
      setSelect: [(one) => {
        const { left, width } = one.select;
        if (width > 4) {
          one.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          onZoom(one.posToVal(left, "x"), one.posToVal(left + width, "x"));
        }
      }],
    },
  }, data, place);
  u.over.addEventListener("mouseenter", () => (isOver = true));
  u.over.addEventListener("mouseleave", () => {
    isOver = false;
    hideTip();
  });
  ready?.(u);
  return u;
}
