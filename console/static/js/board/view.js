// The sections below a single panel: statistics, exemplars, annotations and queries.

import { h, link, put } from "../dom.js";
import { clock, inUnit } from "../format.js";
import { fill } from "./fill.js";
import { seriesOf } from "./frames.js";
import { spanOf } from "./asking.js";

const MOST = 100;

function numbers(panel, results) {
  const { unit, decimals } = panel.fieldConfig.defaults;
  const said = (value) => inUnit(value, unit, decimals);
  const rows = seriesOf(panel, results).slice(0, MOST).map((one) => {
    const values = one.points.map(([, value]) => value).filter((value) => value !== null);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return h("tr", {}, h("th", { scope: "row" }, one.name), [values.at(-1), Math.min(...values), mean, Math.max(...values)].map((value) => h("td", { class: "num" }, said(value))));
  });
  return rows.length ? h("section", { class: "card" }, h("h2", {}, "Statistics"), h("div", { class: "cells", tabindex: 0, role: "region", "aria-label": "Statistics" }, h("table", {},
    h("thead", {}, h("tr", {}, ["Series", "Last", "Min", "Mean", "Max"].map((title, place) => h("th", { scope: "col", class: place ? "num" : null }, title)))), h("tbody", {}, rows)))) : null;
}

function examples(panel, results) {
  const found = panel.targets.flatMap((target) => results[target.refId]?.exemplars ?? []).sort((a, b) => b.value - a.value).slice(0, 20);
  return found.length ? h("section", { class: "card" }, h("h2", {}, "Exemplars, highest first"),
    found.map((one) => h("a", { class: "row-line", href: `/requests/${encodeURIComponent(one.trace_id)}` }, h("span", { class: "name" }, `${clock(one.at * 1000)}  `, h("code", {}, one.trace_id)), h("span", { class: "num" }, inUnit(one.value, panel.fieldConfig.defaults.unit))))) : null;
}

function happened(marks) {
  return marks.length ? h("section", { class: "card" }, h("h2", {}, "Deploys, faults and alerts in this time range"), marks.slice(0, MOST).map((mark) => h("p", { class: "row-line" }, h("span", { class: "name" }, `${mark.title} – ${mark.text}`), h("span", { class: "num" }, clock(mark.from * 1000))))) : null;
}

function queries(panel, range, values) {
  const { prometheus } = document.body.dataset;
  const all = panel.targets.map((target) => {
    const text = fill(target.expr ?? target.query ?? "", values, { ...range, step: spanOf(panel, range).step });
    const graph = `${prometheus}/graph?${new URLSearchParams({ "g0.expr": text, "g0.tab": "0", "g0.show_exemplars": "1" })}`;
    return [h("pre", { tabindex: 0 }, h("code", {}, text)), target.datasource.uid === "prometheus" && prometheus ? h("p", { class: "actions" }, link(graph, "Run it in Prometheus")) : null];
  });
  return h("section", { class: "card" }, h("h2", {}, "Queries"), panel.description ? h("p", { class: "hint" }, panel.description) : null, all);
}

export function drawView(place, panel, results, { range, values, marks }) {
  put(place, numbers(panel, results), examples(panel, results), happened(marks), queries(panel, range, values));
}
