// Log lines, newest first. A line expands to show its fields and links to its request.

import { h, put } from "../../dom.js";
import { lineRow } from "../../lines.js";

export function logs(place, panel) {
  let known = "";

  return {
    show(results) {
      const lines = panel.targets.flatMap((target) => results[target.refId]?.lines ?? []);
      if (!lines.length) {
        return false;
      }
      // Unchanged lines are not redrawn, because one of them can be expanded.
      const signature = lines.map((line) => line.ns).join();
      if (signature !== known || !place.hasChildNodes()) {
        known = signature;
        put(place, h("div", { class: "log-lines", tabindex: 0, role: "region", "aria-label": panel.title }, lines.map(lineRow)));
      }
      return true;
    },
  };
}
