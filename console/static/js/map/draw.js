// The map as SVG. Colour never speaks alone: a slow or failing edge also says so in its label.

import { s } from "../dom.js";
import { percent, rounded, seconds } from "../format.js";
import { HEIGHT, WIDTH, layout } from "./layout.js";

const SLOW_SECONDS = 1;
const BAD_SHARE = 0.05;

const share = (edge) => (edge.calls > 0 ? edge.failed / edge.calls : 0);

export function stateOf(edge) {
  if (share(edge) > BAD_SHARE) {
    return "bad";
  }
  return edge.p95 !== null && edge.p95 >= SLOW_SECONDS ? "slow" : "";
}

export function labelOf(edge) {
  const label = [`${rounded(edge.calls, edge.calls < 10 ? 1 : 0)}/s`];
  if (edge.p95 !== null) {
    label.push(seconds(edge.p95));
  }
  if (share(edge) > 0.0005) {
    label.push(`✕ ${percent(share(edge), 1)}`);
  }
  return label.join(" · ");
}

function curve(from, to) {
  if (Math.abs(from.y - to.y) < HEIGHT && to.x > from.x) {
    const [a, b] = [{ x: from.x + WIDTH / 2, y: from.y }, { x: to.x - WIDTH / 2, y: to.y }];
    return [a, { x: a.x + 30, y: a.y }, { x: b.x - 30, y: b.y }, b];
  }
  const [a, b] = [{ x: from.x, y: from.y + HEIGHT / 2 }, { x: to.x, y: to.y - HEIGHT / 2 }];
  const bend = Math.max(40, (b.y - a.y) / 2);
  return [a, { x: a.x, y: a.y + bend }, { x: b.x, y: b.y - bend }, b];
}

function pointOn([a, b, c, d], t) {
  const u = 1 - t;
  const mix = (key) => u ** 3 * a[key] + 3 * u * u * t * b[key] + 3 * u * t * t * c[key] + t ** 3 * d[key];
  return { x: mix("x"), y: mix("y") };
}

// The first place along the edge where the label covers no other label and no node.
function placed(label, line, isFlat, taken) {
  const width = label.length * 6.6 + 8;
  for (const t of isFlat ? [0.5] : [0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78]) {
    const point = pointOn(line, t);
    const box = { x: point.x - width / 2, y: point.y - 8 - (isFlat ? 9 : 0), w: width, h: 16 };
    const isFree = taken.every((other) => box.x + box.w < other.x || other.x + other.w < box.x || box.y + box.h < other.y || other.y + other.h < box.y);
    if (isFree || isFlat) {
      taken.push(box);
      return { x: point.x, y: point.y + 4 - (isFlat ? 10 : 0) };
    }
  }
  const point = pointOn(line, 0.5);
  return { x: point.x, y: point.y + 4 };
}

function shape(node, place) {
  const [x, y] = [place.x - WIDTH / 2, place.y - HEIGHT / 2];
  if (node.kind === "store") {
    const [r, e] = [WIDTH / 2, 7];
    return [s("path", { d: `M${x} ${y + e}a${r} ${e} 0 0 1 ${WIDTH} 0v${HEIGHT - 2 * e}a${r} ${e} 0 0 1 ${-WIDTH} 0z` }),
      s("path", { d: `M${x} ${y + e}a${r} ${e} 0 0 0 ${WIDTH} 0`, "fill-opacity": 0 })];
  }
  const bars = node.kind === "queue" ? [1, 2, 3].map((n) => s("path", { d: `M${x + WIDTH - 8 * n} ${y + 9}v${HEIGHT - 18}` })) : [];
  return [s("rect", { x, y, width: WIDTH, height: HEIGHT, rx: node.kind === "clients" ? 26 : 8 }), bars];
}

function subOf(node) {
  if (node.kind === "queue") {
    return node.waiting === null || node.waiting === undefined ? "queue" : `${node.waiting} waiting`;
  }
  if (node.of !== undefined) {
    return node.up === node.of ? `${node.up} up` : `${node.up} of ${node.of} up`;
  }
  return { store: "database", clients: "through NGINX", mail: "SMTP" }[node.kind] ?? "";
}

export function drawMap({ nodes, edges }, say = labelOf) {
  const { places, width, height } = layout(nodes, edges);
  const taken = [...places.values()].map((place) => ({ x: place.x - WIDTH / 2, y: place.y - HEIGHT / 2, w: WIDTH, h: HEIGHT }));
  const lines = edges.map((edge) => ({ edge, line: curve(places.get(edge.from), places.get(edge.to)) }));
  const paths = lines.map(({ edge, line: [a, b, c, d] }) => s("g", { class: `edge ${stateOf(edge)}` },
    s("path", { d: `M${a.x} ${a.y}C${b.x} ${b.y} ${c.x} ${c.y} ${d.x} ${d.y}`, "stroke-width": (1 + Math.min(3, Math.log10(1 + edge.calls) * 1.6)).toFixed(2), "marker-end": "url(#tip)" })));
  const labels = lines.map(({ edge, line }) => {
    const label = say(edge);
    const place = placed(label, line, Math.abs(line[0].y - line[3].y) < 2, taken);
    return s("g", { class: `edge ${stateOf(edge)}` }, s("text", place, s("title", {}, `${edge.from} → ${edge.to}`), label));
  });
  const boxes = nodes.map((node) => {
    const place = places.get(node.id);
    const isDown = node.of !== undefined && node.up < node.of;
    return s("g", { class: `node ${node.kind} ${isDown ? "down" : ""}` }, shape(node, place),
      s("text", { x: place.x, y: place.y - 2 + (node.kind === "store" ? 4 : 0) }, node.name),
      s("text", { x: place.x, y: place.y + 15 + (node.kind === "store" ? 3 : 0), class: "sub" }, subOf(node)));
  });
  const tip = s("defs", {}, s("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" }, s("path", { d: "M0 0 8 4 0 8z", fill: "context-stroke" })));
  return s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${nodes.length} services and stores, ${edges.length} connections; the same as a table below` }, tip, paths, boxes, labels);
}
