// Positions of the services. Callers are left of what they call. Stores are below the services that use them;
// a service without callers that only feeds another one is placed above that one.
//
// The rank of a service is the longest path from a service without callers. A cycle is cut at its closing edge.

export const WIDTH = 118;
export const HEIGHT = 50;
const COLUMN = 200;
const ROW = 104;
const STORE_GAP = 196;
const STORE_APART = WIDTH + 96;
const EDGE = 12;

const isBelow = (node) => node.kind === "store" || node.kind === "mail";

function ranks(names, edges) {
  const rank = new Map(names.map((name) => [name, 0]));
  for (let round = 0; round < names.length; round += 1) {
    let isSettled = true;
    for (const edge of edges) {
      const next = rank.get(edge.from) + 1;
      if (edge.from !== edge.to && rank.get(edge.to) < next && next < names.length) {
        rank.set(edge.to, next);
        isSettled = false;
      }
    }
    if (isSettled) {
      break;
    }
  }
  return rank;
}

// Maps a service without callers to the service that it calls, if it calls only one.
function feeders(services, edges) {
  const found = new Map();
  for (const node of services.filter((one) => one.kind === "service")) {
    const targets = new Set(edges.filter((edge) => edge.from === node.id).map((edge) => edge.to));
    if (targets.size === 1 && !edges.some((edge) => edge.to === node.id)) {
      found.set(node.id, [...targets][0]);
    }
  }
  return found;
}

function placeServices(services, edges) {
  const feeds = feeders(services, edges);
  const others = services.filter((node) => !feeds.has(node.id));
  const rank = ranks(others.map((node) => node.id), edges.filter((edge) => !feeds.has(edge.from)));
  const top = EDGE + HEIGHT / 2 + (feeds.size ? ROW : 0);
  const [places, used] = [new Map(), new Map()];
  for (const node of [...others].sort((a, b) => a.id.localeCompare(b.id))) {
    const [column, row] = [rank.get(node.id), used.get(rank.get(node.id)) ?? 0];
    used.set(column, row + 1);
    places.set(node.id, { x: EDGE + WIDTH / 2 + column * COLUMN, y: top + row * ROW });
  }
  const above = new Map();
  for (const [id, target] of feeds) {
    const number = above.get(target) ?? 0;
    above.set(target, number + 1);
    places.set(id, { x: places.get(target).x + number * COLUMN, y: EDGE + HEIGHT / 2 });
  }
  return { places, bottom: top + (Math.max(1, ...used.values()) - 1) * ROW };
}

export function layout(nodes, edges) {
  const stores = nodes.filter(isBelow);
  const isStore = new Set(stores.map((node) => node.id));
  const { places, bottom } = placeServices(nodes.filter((node) => !isBelow(node)), edges.filter((edge) => !isStore.has(edge.to) && !isStore.has(edge.from)));
  const right = Math.max(EDGE + WIDTH / 2, ...[...places.values()].map((place) => place.x));
  const wanted = stores.map((node) => {
    const callers = edges.filter((edge) => edge.to === node.id && places.has(edge.from)).map((edge) => places.get(edge.from).x);
    return { node, x: callers.length ? callers.reduce((sum, x) => sum + x, 0) / callers.length : right };
  }).sort((a, b) => (a.node.kind === "mail") - (b.node.kind === "mail") || a.x - b.x || a.node.id.localeCompare(b.node.id));
  const middle = wanted.reduce((sum, one) => sum + one.x, 0) / Math.max(1, wanted.length);
  const first = Math.max(EDGE + WIDTH / 2, Math.min(middle - ((wanted.length - 1) / 2) * STORE_APART, right - (wanted.length - 1) * STORE_APART));
  wanted.forEach((one, number) => places.set(one.node.id, { x: first + number * STORE_APART, y: bottom + STORE_GAP }));
  const width = Math.max(right, ...[...places.values()].map((place) => place.x)) + WIDTH / 2 + EDGE;
  return { places, width, height: bottom + (stores.length ? STORE_GAP : 0) + HEIGHT / 2 + EDGE };
}
