// A list whose entries are drawn again only when what they show has changed: what a reader types, opens or stands on stays.

const known = new WeakMap();
const FOCUSABLE = "button, summary, input, select, a";

export function keyed(place, entries, keyOf, draw) {
  const before = known.get(place) ?? new Map();
  const after = new Map();
  let focused = null;
  for (const entry of entries) {
    const [key, text] = [keyOf(entry), JSON.stringify(entry)];
    const old = before.get(key);
    if (old?.text === text) {
      after.set(key, old);
      continue;
    }
    const element = draw(entry);
    focused = old?.element.contains(document.activeElement) ? element : focused;
    for (const [number, details] of [...(old?.element.querySelectorAll("details") ?? [])].entries()) {
      element.querySelectorAll("details")[number]?.toggleAttribute("open", details.open);
    }
    after.set(key, { text, element });
  }
  const wanted = [...after.values()].map((one) => one.element);
  for (const child of [...place.children]) {
    if (!wanted.includes(child)) {
      child.remove();
    }
  }
  // Only what stands wrong is moved: moving takes the focus away.
  wanted.forEach((element, number) => {
    if (place.children[number] !== element) {
      place.insertBefore(element, place.children[number] ?? null);
    }
  });
  known.set(place, after);
  focused?.querySelector(FOCUSABLE)?.focus({ preventScroll: true });
}
