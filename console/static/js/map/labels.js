// Text and position of edge labels: calls per second, p95 latency, share of failed calls.

import { percent, rounded, seconds } from "../format.js";
import { pointOn } from "./lines.js";

const SLOW_SECONDS = 1;
const BAD_SHARE = 0.05;
const CHARACTER = 6.4;
const LINE = 14;

const share = (edge) => (edge.calls > 0 ? edge.failed / edge.calls : 0);

export function stateOf(edge) {
  if (share(edge) > BAD_SHARE) {
    return "bad";
  }
  return edge.p95 !== null && edge.p95 >= SLOW_SECONDS ? "slow" : "";
}

export function labelOf(edge) {
  const label = [edge.calls < 0.1 ? `${rounded(edge.calls * 60, 1)}/min` : `${rounded(edge.calls, edge.calls < 10 ? 1 : 0)}/s`];
  if (edge.p95 !== null) {
    label.push(seconds(edge.p95));
  }
  if (share(edge) > 0.0005) {
    label.push(`✕ ${percent(share(edge), 0)}`);
  }
  return label.join(" · ");
}

const meet = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

// Between neighbours there is little room: the calls are above the line, all else is below. Returns [text, x, y] per line.
function beside(parts, line, taken) {
  const { x, y } = pointOn(line, 0.5);
  taken.push({ x: x - 40, y: y - 18, w: 80, h: 20 + LINE * (parts.length - 1) });
  return parts.map((text, number) => [text, x, number ? y + 2 + LINE * number : y - 7]);
}

// Along a longer line: the first position that overlaps no other label or box.
function along(label, line, taken) {
  const width = label.length * CHARACTER + 6;
  const boxes = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.2, 0.8].map((t) => {
    const point = pointOn(line, t);
    return { point, x: point.x - width / 2, y: point.y - 8, w: width, h: 16 };
  });
  const box = boxes.find((one) => !taken.some((other) => meet(one, other))) ?? boxes[0];
  taken.push(box);
  return [[label, box.point.x, box.point.y + 4]];
}

export function placed({ edge, flat, line }, say, taken) {
  const label = say(edge);
  return flat ? beside(label.split(" · "), line, taken) : along(label, line, taken);
}
