// One large value, coloured by its thresholds, above a faint trend line.

import { h, link, put } from "../../dom.js";
import { sparkline } from "../../sparkline.js";
import { address } from "../fill.js";
import { last, seriesOf } from "../frames.js";
import { colour, said, textColour } from "../looks.js";

export function stat(place, panel) {
  const { defaults } = panel.fieldConfig;

  function number(one, isOnly, context) {
    const found = said(last(one.points), defaults);
    const value = h("span", { class: "value" }, found.text);
    value.style.color = textColour(found.colour);
    value.style.setProperty("--letters", String(Math.max(3, found.text.length)));
    const trend = panel.options?.graphMode === "area" && one.points.length > 1 ? sparkline(one.points, (defaults.min ?? 0) === 0) : null;
    if (trend) {
      trend.style.setProperty("--s0", colour(found.colour));
    }
    const to = defaults.links?.[0];
    const content = [isOnly ? null : h("span", { class: "name" }, one.name), value, trend];
    return to ? link(address(to.url, { range: context.range, labels: one.labels }), content, { class: "number", title: to.title }) : h("div", { class: "number" }, content);
  }

  return {
    show(results, context) {
      const series = seriesOf(panel, results).filter((one) => one.points.length);
      if (!series.some((one) => last(one.points) !== null)) {
        return false;
      }
      put(place, h("div", { class: "numbers" }, series.map((one) => number(one, series.length === 1, context))));
      return true;
    },
  };
}
