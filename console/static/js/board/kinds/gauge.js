// One value on an arc from minimum to maximum, with the thresholds along the rim.

import { h, put, s } from "../../dom.js";
import { last, seriesOf } from "../frames.js";
import { property, said, steps, textColour } from "../looks.js";

const SWEEP = 220;
const [X, Y] = [100, 92];

function point(share, radius) {
  const angle = ((-90 - SWEEP / 2 + SWEEP * share) * Math.PI) / 180;
  return `${(X + radius * Math.cos(angle)).toFixed(2)} ${(Y + radius * Math.sin(angle)).toFixed(2)}`;
}

function arc(from, to, radius, width, colour) {
  const path = s("path", { d: `M${point(from, radius)}A${radius} ${radius} 0 ${(to - from) * SWEEP > 180 ? 1 : 0} 1 ${point(to, radius)}`, "stroke-width": width, fill: "none" });
  path.style.stroke = colour;
  return path;
}

export function gauge(place, panel) {
  const { defaults } = panel.fieldConfig;
  const [min, max] = [defaults.min ?? 0, defaults.max ?? 1];
  const share = (value) => Math.min(1, Math.max(0, (value - min) / (max - min)));

  return {
    show(results) {
      const value = last(seriesOf(panel, results)[0]?.points ?? []);
      if (value === null) {
        return false;
      }
      const found = said(value, defaults);
      const rim = steps(defaults).map((step, at, all) => arc(step.value === null ? 0 : share(step.value), all[at + 1] ? share(all[at + 1].value) : 1, 84, 4, `var(${property(step.color)})`));
      const text = s("text", { x: X, y: Y + 10, class: "dial-value" }, found.text);
      text.style.fill = textColour(found.colour);
      put(place, h("div", { class: "dial" }, s("svg", { viewBox: "10 2 180 130", role: "img", "aria-label": `${panel.title}: ${found.text}` },
        arc(0, 1, 68, 20, "var(--raised)"), share(value) > 0.002 ? arc(0, share(value), 68, 20, `var(${property(found.colour)})`) : "", rim, text)));
      return true;
    },
  };
}
