// One panel: header with help and links, body, and a message when there is no data.

import { h, link, put } from "../dom.js";
import { address } from "./fill.js";
import { failureOf, leftOut } from "./frames.js";
import { bargauge } from "./kinds/bargauge.js";
import { gauge } from "./kinds/gauge.js";
import { heatmap } from "./kinds/heatmap.js";
import { logs } from "./kinds/logs.js";
import { stat } from "./kinds/stat.js";
import { table } from "./kinds/table.js";
import { timeseries } from "./kinds/timeseries.js";
import { nodeGraph, traces } from "./kinds/traces.js";

const KINDS = { bargauge, gauge, heatmap, logs, nodeGraph, stat, table, timeseries, traces };
const IN_HEAD = new Set(["timeseries", "heatmap"]);

export function makePanel(panel, declared, onView) {
  const body = h("div", { class: "body" });
  const said = h("p", { class: "said", role: "status" }, "…");
  const leads = h("span", { class: "leads" });
  const helpId = `help-${panel.id}`;
  const help = panel.description ? [h("button", { type: "button", class: "quiet help", "aria-label": `About ${panel.title}`, "aria-describedby": helpId }, "i"), h("span", { class: "help-text", id: helpId, role: "tooltip" }, panel.description)] : [];
  const view = h("button", { type: "button", class: "quiet view", "aria-label": `View panel ${panel.title}`, title: "View panel with statistics and queries", onclick: () => onView(panel.id) }, "⤢");
  const element = h("section", { class: `panel ${panel.type}`, id: `panel-${panel.id}`, "aria-label": panel.title, "data-state": "waiting" },
    h("header", {}, h("h3", {}, panel.title), leads, h("span", { class: "tools-of-panel" }, help, view)), body, said);
  for (const [name, value] of Object.entries({ "--x": panel.gridPos.x + 1, "--y": panel.gridPos.y + 1, "--w": panel.gridPos.w, "--h": panel.gridPos.h })) {
    element.style.setProperty(name, String(value));
  }
  const kind = KINDS[panel.type]?.(body, panel);

  function setState(state, text) {
    element.dataset.state = state;
    said.textContent = text;
    said.hidden = !text;
    body.hidden = state !== "drawn";
  }

  // The body is shown before it is drawn, because a hidden element cannot be measured.
  function show(results, context) {
    body.hidden = false;
    said.hidden = true;
    const failure = failureOf(panel, results);
    if (failure) {
      setState("failed", failure);
      return;
    }
    if (IN_HEAD.has(panel.type)) {
      put(leads, (panel.fieldConfig.defaults.links ?? []).filter((to) => !to.url.includes("${__field")).map((to) => link(address(to.url, context), `${to.title} →`)));
    }
    const isDrawn = kind.show(results, context);
    const more = leftOut(panel, results);
    const when = declared?.data?.when;
    setState(isDrawn ? "drawn" : "empty", isDrawn ? (more ? `${more} more series not shown.` : "") : when ? `No data. This panel has data ${when}.` : "No data");
  }

  if (!kind) {
    setState("failed", `This viewer does not support panels of type ${panel.type}. Open the dashboard in Grafana.`);
  }
  return {
    panel, element, body, isVisible: false, isKnown: Boolean(kind), key: "",
    show: (results, context) => {
      try {
        show(results, context);
      } catch (error) {
        console.error(error);
        setState("failed", `Cannot draw this panel: ${error.message}`);
      }
    },
    fail: (text) => setState("failed", text),
    resize: () => element.dataset.state === "drawn" && kind?.resize?.(),
    recolour: () => kind?.recolour?.(),
  };
}
