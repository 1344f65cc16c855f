// The alerts page: firing alerts with impact and links, silences with a reason, and all other alerts.

import { change, getJson } from "./api.js";
import { at, empty, h, link, notes, put, toast } from "./dom.js";
import { every } from "./every.js";
import { ago, clock, day } from "./format.js";
import { keyed } from "./keyed.js";
import { mustBeIn } from "./signin.js";

const base = document.body.dataset;

function queries(alert) {
  const found = [];
  if (alert.metric_query && base.prometheus) {
    found.push(link(`${base.prometheus}/graph?${new URLSearchParams({ "g0.expr": alert.metric_query, "g0.tab": "0", "g0.range_input": "30m" })}`, "Query in Prometheus"));
  }
  if (alert.log_query) {
    found.push(link(`/logs?${new URLSearchParams({ query: alert.log_query })}`, "Logs"));
  }
  return found;
}

function silenceForm(alert, redraw) {
  const reason = h("input", { type: "text", name: "reason", required: true, minlength: 5, maxlength: 300, placeholder: "Reason, shown to other users" });
  const minutes = h("select", { name: "minutes" }, [[30, "30 min"], [60, "1 hour"], [240, "4 hours"], [1440, "1 day"]].map(([value, text]) => h("option", { value }, text)));
  return h("form", {
    class: "inline-form",
    onsubmit: async (event) => {
      event.preventDefault();
      if (!(await mustBeIn())) {
        return;
      }
      try {
        const labels = Object.fromEntries(Object.entries(alert.labels).filter(([name]) => ["alertname", "service", "instance", "slo", "scope"].includes(name)));
        await change("POST", "/api/alerts/silences", { labels, minutes: Number(minutes.value), reason: reason.value });
        toast(`${alert.name} is silenced.`);
        redraw();
      } catch (problem) {
        toast(problem.message);
      }
    },
  }, h("label", {}, "Reason", reason), h("label", {}, "Duration", minutes), h("button", { type: "submit" }, "Silence"));
}

function card(alert, redraw) {
  const facts = [alert.value && `current value ${alert.value}`, alert.threshold && `threshold ${alert.threshold}`].filter(Boolean).join(", ");
  return h("article", { class: `card alert ${alert.severity}`, "data-alert": alert.name },
    h("header", {}, h("span", { class: `badge ${alert.severity}` }, alert.severity || "alert"), h("h3", {}, alert.name), h("span", { class: "hint" }, `since ${clock(alert.since)}, `, h("span", { "data-since": alert.since }, ago(alert.since)))),
    h("p", {}, alert.summary), facts ? h("p", { class: "hint" }, facts) : null,
    alert.impact ? h("p", {}, h("b", {}, "Impact: "), alert.impact) : null,
    h("p", { class: "actions" }, alert.runbook ? link(alert.runbook, "Runbook") : null, alert.dashboard ? link(alert.dashboard, "Dashboard") : null, queries(alert)),
    h("ul", { class: "labels" }, Object.entries(alert.labels).map(([name, value]) => h("li", {}, `${name}=${value}`))),
    h("details", {}, h("summary", {}, "Silence"), silenceForm(alert, redraw)));
}

function silenceLine(silence, redraw) {
  const what = silence.matchers.map((one) => `${one.name}=${one.value}`).join(", ");
  return h("div", { class: "card" }, h("p", { class: "hint" }, h("b", {}, what), ` until ${day(silence.endsAt)} ${clock(silence.endsAt)}, by ${silence.createdBy}: ${silence.comment} `),
    h("button", {
      type: "button",
      onclick: async () => {
        if (!(await mustBeIn())) {
          return;
        }
        try {
          await change("DELETE", `/api/alerts/silences/${silence.id}`);
          redraw();
        } catch (problem) {
          toast(problem.message);
        }
      },
    }, "Expire silence"));
}

function quietLine(alert) {
  const why = alert.silenced_by.length ? "silenced" : alert.inhibited ? "inhibited by another alert" : "internal, never sent";
  return h("div", { class: "row-line" }, h("span", { class: "name" }, alert.runbook ? link(alert.runbook, alert.name) : alert.name), h("span", { class: "hint" }, why), h("span", { class: "hint" }, alert.summary));
}

// The summary and its numbers change with each evaluation. Text that a user types below them is kept (see keyed.js).
function list(id, entries, keyOf, draw, none) {
  if (entries.length) {
    keyed(at(id), entries, keyOf, (entry) => draw(entry, read));
  } else {
    keyed(at(id), [String(none)], String, none);
  }
}

async function read() {
  let found;
  try {
    found = await getJson("/api/alerts");
  } catch (problem) {
    notes("notes", [problem.message]);
    return;
  }
  notes("notes", found.notes);
  const all = found.alerts ?? [];
  const isLoud = (alert) => alert.state === "active" && alert.severity !== "none";
  const loud = all.filter(isLoud);
  const pages = loud.filter((alert) => alert.severity === "page").length;
  at("verdict").className = `verdict ${pages ? "bad" : loud.length ? "warn" : "good"}`;
  at("verdict").textContent = loud.length ? `${loud.length} firing` : "No alerts firing";
  document.dispatchEvent(new CustomEvent("firing", { detail: loud.length }));
  list("alerts", loud, (alert) => alert.fingerprint, card, found.alerts ? () => empty("No alerts firing. To see an alert fire, switch on a fault: ", h("a", { href: "/faults" }, "Faults")) : () => empty("Alertmanager does not respond. Alerts cannot be shown."));
  list("silences", found.silences, (one) => one.id, silenceLine, () => empty("No active silences."));
  const quiet = all.filter((alert) => !isLoud(alert));
  put("quiet", quiet.length ? h("div", { class: "card" }, quiet.map(quietLine)) : empty("None."));
}

setInterval(() => {
  for (const span of document.querySelectorAll("[data-since]")) {
    span.textContent = ago(span.dataset.since);
  }
}, 10000);
every(3000, read);
