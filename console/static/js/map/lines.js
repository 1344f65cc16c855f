// Paths of the edges: straight between neighbours, otherwise from the lower side of one box to the upper side of the other,
// each with its own offset, so that edges of one box do not overlap.

import { HEIGHT, WIDTH } from "./layout.js";

const APART = 22;

const isFlat = (from, to) => Math.abs(from.y - to.y) < 2 && to.x > from.x;

// The distance of each edge's end from the middle of the box, ordered by the position of the other end.
function offsets(edges, places, near, far) {
  const found = new Map();
  for (const id of new Set(edges.map((edge) => edge[near]))) {
    const own = edges.filter((edge) => edge[near] === id).sort((a, b) => places.get(a[far]).x - places.get(b[far]).x);
    own.forEach((edge, number) => found.set(edge, (number - (own.length - 1) / 2) * Math.min(APART, (WIDTH - 24) / own.length)));
  }
  return found;
}

export function lines(edges, places) {
  const bent = edges.filter((edge) => !isFlat(places.get(edge.from), places.get(edge.to)));
  const [leave, arrive] = [offsets(bent, places, "from", "to"), offsets(bent, places, "to", "from")];
  return edges.map((edge) => {
    const [from, to] = [places.get(edge.from), places.get(edge.to)];
    if (isFlat(from, to)) {
      const [a, b] = [{ x: from.x + WIDTH / 2, y: from.y }, { x: to.x - WIDTH / 2, y: to.y }];
      return { edge, flat: true, line: [a, { x: a.x + 20, y: a.y }, { x: b.x - 20, y: b.y }, b] };
    }
    const down = to.y >= from.y ? 1 : -1;
    const a = { x: from.x + leave.get(edge), y: from.y + (down * HEIGHT) / 2 };
    const b = { x: to.x + arrive.get(edge), y: to.y - (down * HEIGHT) / 2 };
    const bend = (down * Math.max(30, Math.abs(b.y - a.y))) / 2;
    return { edge, flat: false, line: [a, { x: a.x, y: a.y + bend }, { x: b.x, y: b.y - bend }, b] };
  });
}

export function pointOn([a, b, c, d], t) {
  const u = 1 - t;
  const mix = (key) => u ** 3 * a[key] + 3 * u * u * t * b[key] + 3 * u * t * t * c[key] + t ** 3 * d[key];
  return { x: mix("x"), y: mix("y") };
}
