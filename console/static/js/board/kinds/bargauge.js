// One bar per series, showing its last value.

import { h, link, put } from "../../dom.js";
import { address } from "../fill.js";
import { last, seriesOf } from "../frames.js";
import { colour, said, textColour } from "../looks.js";

export function bargauge(place, panel) {
  const { defaults } = panel.fieldConfig;

  function bar(one, most, context) {
    const value = last(one.points);
    const found = said(value, defaults);
    const filled = h("span", {});
    filled.style.width = `${Math.min(100, Math.max(0, (value / most) * 100))}%`;
    filled.style.background = colour(found.colour === "text" ? "blue" : found.colour);
    const number = h("b", {}, found.text);
    number.style.color = textColour(found.colour);
    const to = defaults.links?.[0];
    const name = one.name === panel.title ? "" : one.name;
    return h("li", {}, h("span", { class: "name" }, to ? link(address(to.url, { range: context.range, labels: one.labels }), name, { title: to.title }) : name), h("span", { class: "track", "aria-hidden": "true" }, filled), number);
  }

  return {
    show(results, context) {
      const series = seriesOf(panel, results).filter((one) => last(one.points) !== null);
      if (!series.length) {
        return false;
      }
      const most = defaults.max ?? Math.max(1e-9, ...series.map((one) => last(one.points)));
      put(place, h("ul", { class: "bars", tabindex: 0, "aria-label": panel.title }, series.map((one) => bar(one, most, context))));
      return true;
    },
  };
}
