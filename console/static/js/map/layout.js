// Where the services stand. What calls stands left of what is called; stores stand below, under those who use them.
//
// Ranks are the longest way from a caller that nobody calls; a circle is cut where it closes.

export const WIDTH = 132;
export const HEIGHT = 52;
const COLUMN = 214;
const ROW = 96;
const STORE_GAP = 50;

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

export function layout(nodes, edges) {
  const isBelow = (node) => node.kind === "store" || node.kind === "mail";
  const stores = nodes.filter(isBelow);
  const others = nodes.filter((node) => !isBelow(node));
  const isStore = new Set(stores.map((node) => node.id));
  const rank = ranks(others.map((node) => node.id), edges.filter((edge) => !isStore.has(edge.to) && !isStore.has(edge.from)));
  const places = new Map();
  const used = new Map();
  for (const node of [...others].sort((a, b) => a.id.localeCompare(b.id))) {
    const column = rank.get(node.id);
    const row = used.get(column) ?? 0;
    used.set(column, row + 1);
    places.set(node.id, { x: 16 + WIDTH / 2 + column * COLUMN, y: 16 + HEIGHT / 2 + row * ROW });
  }
  const columns = Math.max(1, ...[...rank.values()].map((value) => value + 1));
  const rows = Math.max(1, ...used.values());
  const width = 32 + WIDTH + (columns - 1) * COLUMN;
  const bottom = 16 + HEIGHT / 2 + (rows - 1) * ROW + ROW + STORE_GAP;
  const wanted = stores.map((node) => {
    const callers = edges.filter((edge) => edge.to === node.id && places.has(edge.from)).map((edge) => places.get(edge.from).x);
    return { node, x: callers.length ? callers.reduce((sum, x) => sum + x, 0) / callers.length : width / 2 };
  }).sort((a, b) => (a.node.kind === "mail") - (b.node.kind === "mail") || a.x - b.x || a.node.id.localeCompare(b.node.id));
  // Far enough apart that their edges are told from each other.
  const apart = WIDTH + 110;
  const middle = wanted.reduce((sum, one) => sum + one.x, 0) / Math.max(1, wanted.length);
  wanted.forEach((one, place) => {
    const x = middle + (place - (wanted.length - 1) / 2) * apart;
    places.set(one.node.id, { x: Math.min(Math.max(x, 16 + WIDTH / 2), width - 16 - WIDTH / 2), y: bottom });
  });
  return { places, width, height: (stores.length ? bottom : 16 + HEIGHT / 2 + (rows - 1) * ROW) + HEIGHT / 2 + 16 };
}
