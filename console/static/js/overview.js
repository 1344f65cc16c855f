// The overview page. One request every 5 seconds returns all of its data.

import { getJson } from "./api.js";
import { at, empty, h, link, notes, put, table } from "./dom.js";
import { every } from "./every.js";
import { ago, ms, percent, rounded, seconds, short } from "./format.js";
import { drawMap, labelOf } from "./map/draw.js";
import { sparkline } from "./sparkline.js";

const last = (points) => points?.findLast?.(([, value]) => value !== null)?.[1] ?? null;

function tile(what, value, points, { href, isBad = false } = {}) {
  return h(href ? "a" : "div", { class: "tile", href }, h("div", { class: "what" }, what),
    h("div", { class: isBad ? "value bad" : "value" }, value), points ? sparkline(points) : null);
}

const said = (value, write) => (value === null ? "–" : write(value));

function red({ trends, numbers }) {
  const errors = last(trends.errors);
  const latency = last(trends.latency);
  put("red",
    tile("Requests", said(last(trends.requests), (value) => `${short(value)}/s`), trends.requests, { href: "/dashboards/glasshouse-api" }),
    tile("Failed (5xx)", said(errors, percent), trends.errors, { href: "/requests?kind=failed", isBad: errors > 0.05 }),
    tile("Latency, p95", said(latency, seconds), trends.latency, { href: "/requests?kind=slow", isBad: latency > 2 }),
    tile("Orders confirmed", said(last(trends.orders), (value) => `${short(value)}/min`), trends.orders, { href: "/dashboards/glasshouse-orders" }),
    tile("Order to e-mail, p95", said(last(trends.fulfilment), seconds), trends.fulfilment, { href: "/dashboards/glasshouse-orders", isBad: last(trends.fulfilment) > 5 }),
    tile("Orders in progress", said(numbers.unfinished, short), null, { href: "/dashboards/glasshouse-orders", isBad: numbers.oldest > 60 }));
  const wait = h("div", { class: "hint" }, numbers.oldest ? `oldest ${seconds(numbers.oldest)}` : "none waiting", numbers.dead ? ` · ${numbers.dead} dead letters` : "");
  at("red").lastElementChild.append(wait);
  at("red").setAttribute("aria-busy", "false");
}

function serviceMap(map) {
  if (!map.edges.length) {
    put("map", empty("No calls in the last two minutes. Place an order (", h("code", {}, "make follow"), ") or start traffic (", h("code", {}, "make load"), ")."));
    put("map-table");
    return;
  }
  put("map", drawMap(map));
  put("map-table", table([{ title: "From" }, { title: "To" }, { title: "Calls · p95 · failed", num: true }], map.edges.map((edge) => [edge.from, edge.to, labelOf(edge)])));
}

function alerts(firing, faults) {
  const on = faults.map((name) => h("div", { class: "alert-line" }, h("span", { class: "badge warn" }, "fault on"), " ", h("a", { href: "/faults" }, name)));
  if (firing === null) {
    put("alerts", empty("Alertmanager does not respond."), on);
    return;
  }
  put("alerts", firing.slice(0, 8).map((alert) => h("div", { class: "alert-line" },
    h("span", { class: `badge ${alert.severity}` }, alert.severity || "alert"), " ",
    alert.runbook ? link(alert.runbook, alert.name) : alert.name, h("span", { class: "hint" }, ` ${ago(alert.since)}`),
    h("p", {}, alert.summary))),
  firing.length > 8 ? h("p", { class: "hint" }, `and ${firing.length - 8} more`) : null, on,
  firing.length || on.length ? null : empty("No alerts firing."));
}

function slowest(requests) {
  if (!requests?.length) {
    put("slow", empty(requests ? "No request took longer than 250 ms in the last 15 minutes." : "The log store does not respond."));
    return;
  }
  put("slow", requests.map((one) => h("a", { class: "row-line", href: `/requests/${encodeURIComponent(one.trace_id || one.request_id)}` },
    h("span", { class: "name" }, `${one.method} ${one.route}`), h("span", { class: "num" }, ms(one.seconds * 1000)),
    h("span", { class: "hint" }, `${one.service} · ${one.status} · ${ago(one.at)}`))));
}

const STATE = { kept: ["good", "met"], burning: ["warn", "burning"], spent: ["bad", "budget exhausted"], unknown: ["", "no data yet"] };

// An exhausted budget is shown as the multiple that was used: "78×" is clearer than "−7,700 % remaining".
function leftOf(budget) {
  return budget === null ? "–" : budget < 0 ? `${rounded(1 - budget, 1)}×` : percent(budget, 1);
}

function objectives(slos) {
  if (!slos.length) {
    put("slos", empty("No data yet: the recording rules for objectives (slo:objective:ratio) are not installed or have not been evaluated."));
    return;
  }
  put("slos", slos.map((slo) => {
    const [style, words] = STATE[slo.state];
    const budget = slo.budget ?? null;
    const fill = h("span", {});
    fill.style.width = `${Math.max(0, Math.min(1, budget ?? 0)) * 100}%`;
    return h("a", { class: "tile", href: `/dashboards/glasshouse-slo?var-slo=${encodeURIComponent(slo.slo)}` },
      h("div", { class: "what" }, slo.slo, " ", h("span", { class: `badge ${style}` }, words)),
      h("div", { class: "value" }, leftOf(budget), h("span", { class: "hint" }, budget < 0 ? "of error budget used" : "budget remaining")),
      h("div", { class: `budget ${slo.state}` }, fill),
      h("p", { class: "hint" }, `objective ${percent(slo.objective, 2)}`, slo.burn !== undefined ? ` · burn rate ${rounded(slo.burn, 1)}×` : "",
        slo.exhaustion > 0 && slo.state === "burning" ? ` · exhausted in ${seconds(slo.exhaustion)}` : ""));
  }));
}

function verdict(found) {
  const pages = (found.alerts ?? []).filter((alert) => alert.severity === "page").length;
  const tickets = (found.alerts ?? []).length - pages;
  const [style, text] = found.alerts === null ? ["warn", "Unknown: Alertmanager does not respond"]
    : pages ? ["bad", `${pages} ${pages === 1 ? "page" : "pages"} firing`]
      : tickets ? ["warn", `${tickets} ${tickets === 1 ? "ticket" : "tickets"} firing`] : ["good", "Healthy"];
  const place = at("verdict");
  place.className = `verdict ${style}`;
  if (place.textContent !== text) {
    place.textContent = text;
  }
  document.dispatchEvent(new CustomEvent("firing", { detail: (found.alerts ?? []).length }));
}

let seen = {};

// Unchanged data is not redrawn, so the user's selection and focus are kept.
function changed(name, value, draw) {
  const text = JSON.stringify(value);
  if (seen[name] !== text) {
    seen[name] = text;
    draw(value);
  }
}

every(5000, async () => {
  try {
    const found = await getJson("/api/overview");
    notes("notes", found.notes);
    verdict(found);
    changed("red", { trends: found.trends, numbers: found.numbers }, red);
    changed("map", found.map, serviceMap);
    changed("alerts", [found.alerts, found.faults, Math.floor(Date.now() / 60000)], () => alerts(found.alerts, found.faults));
    changed("slow", [found.slowest, Math.floor(Date.now() / 60000)], () => slowest(found.slowest));
    changed("slos", found.slos, objectives);
  } catch (problem) {
    seen = {};
    notes("notes", [problem.message]);
  }
});
