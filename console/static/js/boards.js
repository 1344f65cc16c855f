// The list of dashboards.

import { getJson } from "./api.js";
import { empty, h, put } from "./dom.js";

try {
  const { dashboards } = await getJson("/api/dashboards");
  put("list", dashboards.length ? dashboards.map((board) => h("a", { class: "tile", href: `/dashboards/${encodeURIComponent(board.uid)}` }, h("h2", {}, board.title), h("p", { class: "hint" }, board.description)))
    : empty("There is no dashboard file in grafana/dashboards. Make them: `make generate`."));
} catch (problem) {
  put("list", empty(problem.message));
}
