// A trend line without axes. Its current value is shown next to it.

import { s } from "./dom.js";

export function sparkline(points, isFromZero = true) {
  const known = points.filter(([, value]) => value !== null);
  const box = s("svg", { viewBox: "0 0 100 28", preserveAspectRatio: "none", "aria-hidden": "true" });
  if (known.length < 2) {
    return box;
  }
  const values = known.map(([, value]) => value);
  const low = isFromZero ? 0 : Math.min(...values);
  const high = Math.max(...values, low + 1e-9);
  const [first, last] = [known[0][0], known.at(-1)[0]];
  const xy = known.map(([time, value]) => [((time - first) / (last - first)) * 100, 26 - ((value - low) / (high - low)) * 24]);
  const line = xy.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L");
  box.append(s("path", { class: "spark-area", d: `M0 28L${line}L100 28z` }), s("path", { class: "spark-line", d: `M${line}` }));
  return box;
}
