// The timeline of a drill as SVG: one lane per alert, its states as bars, its notifications as marks. The duration of the
// fault is shaded in the background.

import { s } from "../dom.js";
import { rounded } from "../format.js";
import { WORDS, lanes } from "./events.js";

const [WIDTH, LEFT, RIGHT, LANE, TOP] = [960, 190, 30, 34, 40];
const STEPS = [5, 10, 15, 30, 60, 120, 300, 600];
const SIGNS = { notified: "▲", mailed: "✉", resolved: "✓" };

function axis(start, end, x, bottom) {
  const step = STEPS.find((one) => (end - start) / one <= 12) ?? 1200;
  const found = [];
  for (let at = Math.ceil(start / step) * step; at <= end; at += step) {
    found.push(s("path", { class: "grid", d: `M${x(at)} ${TOP - 8}V${bottom}` }), s("text", { class: "tick", x: x(at), y: bottom + 16 }, at < 120 ? `${at} s` : `${rounded(at / 60, at % 60 ? 1 : 0)} min`));
  }
  return found;
}

function lane({ alert, spans, marks }, y, x) {
  const bars = spans.map((span) => s("rect", { class: `bar ${span.state}`, x: x(span.start), y: y + 8, width: Math.max(2, x(span.end) - x(span.start)), height: 14, rx: 3 }, s("title", {}, `${WORDS[span.state]} from ${rounded(span.start, 0)} s to ${rounded(span.end, 0)} s`)));
  let free = -Infinity;
  const signs = marks.map((mark) => {
    const place = Math.max(x(mark.at), free);
    free = place + 15;
    return s("text", { class: `mark ${mark.kind}`, x: place, y: y + 20 }, s("title", {}, `${WORDS[mark.kind]} after ${rounded(mark.at, 1)} s`), SIGNS[mark.kind]);
  });
  return [s("text", { class: "name", x: LEFT - 12, y: y + 20 }, alert), bars, signs];
}

export function picture(part, { isLive, now = Date.now() / 1000 }) {
  const zero = part[0].zero;
  const last = Math.max(...part.map((event) => event.after), isLive ? now - zero : 0);
  const [start, end] = [Math.min(0, ...part.map((event) => Math.max(event.after, -60))) - 5, last + Math.max(8, last * 0.04)];
  const all = lanes(part, last);
  const bottom = TOP + LANE * Math.max(1, all.length);
  const x = (at) => Number((LEFT + ((Math.max(at, start) - start) * (WIDTH - LEFT - RIGHT)) / (end - start)).toFixed(1));
  const cleared = part.find((event) => event.kind === "cleared")?.after ?? last;
  const notified = all.filter((one) => one.marks.some((mark) => mark.kind === "notified")).map((one) => one.alert);
  const said = `Timeline of ${rounded(last, 0)} seconds. ${notified.length ? `Notified: ${notified.join(", ")}.` : "No notification was sent."} The list below contains the same events.`;
  return s("svg", { class: "drill-picture", viewBox: `0 0 ${WIDTH} ${bottom + 26}`, role: "img", "aria-label": said },
    s("rect", { class: "broken", x: x(0), y: TOP - 20, width: Math.max(2, x(cleared) - x(0)), height: bottom - TOP + 20, rx: 4 }),
      s("text", { class: "window", x: x(0) + 6, y: TOP - 7 }, cleared < last || !isLive ? `fault active for ${rounded(cleared, 0)} s` : "fault active"),
    axis(start, end, x, bottom), all.map((one, number) => lane(one, TOP + LANE * number, x)));
}

export const LEGEND = Object.entries(SIGNS).map(([kind, sign]) => `${sign} ${WORDS[kind]}`).join(" · ");
