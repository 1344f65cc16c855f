// Log lines as expandable rows, used by the logs page and by the log panels of dashboards.

import { h, pairs } from "./dom.js";
import { clock } from "./format.js";

export function lineRow(line) {
  const open = h("div", { hidden: true });
  const id = line.fields.trace_id || line.fields.request_id;
  const button = h("button", {
    type: "button", "aria-expanded": "false",
    onclick: () => {
      if (!open.hasChildNodes()) {
        open.append(id ? h("p", { class: "actions indented" }, h("a", { href: `/requests/${encodeURIComponent(id)}` }, "Show this request")) : "", pairs(line.fields));
      }
      open.hidden = !open.hidden;
      button.setAttribute("aria-expanded", String(!open.hidden));
    },
  }, h("time", {}, clock(Number(line.ns.slice(0, -6)), true)), h("span", { class: `level ${line.level}` }, line.level || "–"), h("span", { class: "service" }, line.fields.service_instance_id || line.service), h("span", { class: "message" }, line.message));
  return h("div", { class: "line" }, button, open);
}
