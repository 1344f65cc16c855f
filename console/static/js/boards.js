// The page that lists the dashboards.

import { getJson } from "./api.js";
import { empty, h, put } from "./dom.js";

try {
  const { dashboards } = await getJson("/api/dashboards");
  put("list", dashboards.length ? dashboards.map((board) => h("a", { class: "tile", href: `/dashboards/${encodeURIComponent(board.uid)}` }, h("h2", {}, board.title), h("p", { class: "hint" }, board.description)))
    : empty("No dashboard files in grafana/dashboards. Run `make generate` to create them."));
} catch (problem) {
  put("list", empty(problem.message));
}
