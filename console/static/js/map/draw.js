// The service map as SVG. Colour is never the only indicator: the label of a slow or failing edge shows the state too.

import { s } from "../dom.js";
import { labelOf, placed, stateOf } from "./labels.js";
import { HEIGHT, WIDTH, layout } from "./layout.js";
import { lines } from "./lines.js";

export { labelOf };

function shape(node, place) {
  const [x, y] = [place.x - WIDTH / 2, place.y - HEIGHT / 2];
  if (node.kind === "store") {
    const [r, e] = [WIDTH / 2, 7];
    return [s("path", { d: `M${x} ${y + e}a${r} ${e} 0 0 1 ${WIDTH} 0v${HEIGHT - 2 * e}a${r} ${e} 0 0 1 ${-WIDTH} 0z` }),
      s("path", { d: `M${x} ${y + e}a${r} ${e} 0 0 0 ${WIDTH} 0`, "fill-opacity": 0 })];
  }
  return s("rect", { x, y, width: WIDTH, height: HEIGHT, rx: node.kind === "clients" ? 25 : 8 });
}

function subOf(node) {
  if (node.kind === "queue") {
    return node.waiting === null || node.waiting === undefined ? "queue" : `${node.waiting} waiting`;
  }
  if (node.of !== undefined) {
    return node.up === node.of ? `${node.up} up` : `${node.up} of ${node.of} up`;
  }
  return { store: "database", clients: "via NGINX", mail: "SMTP" }[node.kind] ?? "";
}

function box(node, place) {
  const isDown = node.of !== undefined && node.up < node.of;
  const lower = node.kind === "store" ? 4 : 0;
  return s("g", { class: `node ${node.kind} ${isDown ? "down" : ""}` }, shape(node, place),
    s("text", { x: place.x, y: place.y - 2 + lower }, node.name), s("text", { x: place.x, y: place.y + 14 + lower, class: "sub" }, subOf(node)));
}

function path({ edge, line: [a, b, c, d] }) {
  const width = (1.2 + Math.min(3, Math.log10(1 + edge.calls) * 1.6)).toFixed(2);
  return s("g", { class: `edge ${stateOf(edge)}` }, s("path", { d: `M${a.x} ${a.y}C${b.x} ${b.y} ${c.x} ${c.y} ${d.x} ${d.y}`, "stroke-width": width, "marker-end": "url(#tip)" }));
}

export function drawMap({ nodes, edges }, say = labelOf) {
  const { places, width, height } = layout(nodes, edges);
  const taken = [...places.values()].map((place) => ({ x: place.x - WIDTH / 2, y: place.y - HEIGHT / 2, w: WIDTH, h: HEIGHT }));
  const all = lines(edges, places);
  // Labels of short edges have only one possible position, so they are placed first.
  const labels = [...all].sort((a, b) => b.flat - a.flat).map((one) => s("g", { class: `edge ${stateOf(one.edge)}` }, s("title", {}, `${one.edge.from} → ${one.edge.to}`),
    placed(one, say, taken).map(([text, x, y]) => s("text", { x, y }, text))));
  const tip = s("defs", {}, s("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" }, s("path", { d: "M0 0 8 4 0 8z", fill: "context-stroke" })));
  const map = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${nodes.length} services and stores, ${edges.length} connections. The table below contains the same data.` }, tip, all.map(path), nodes.map((node) => box(node, places.get(node.id))), labels);
  // A map of two or three services is not scaled up to the width of the page.
  map.style.maxWidth = `${Math.round(width * 1.2)}px`;
  return map;
}
