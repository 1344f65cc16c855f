// A list whose entries are redrawn only when their data changed: typed text, opened details and the focus are kept.

const known = new WeakMap();
const FOCUSABLE = "button, summary, input, select, a";

// Values that the user typed into a redrawn entry are kept.
function keepTyped(old, fresh) {
  const fields = [...(old?.querySelectorAll("input, select") ?? [])];
  [...fresh.querySelectorAll("input, select")].forEach((field, number) => {
    if (fields[number]?.name === field.name && fields[number].value !== fields[number].defaultValue) {
      field.value = fields[number].value;
    }
  });
}

function focusIn(element, old) {
  const all = (place) => [...place.querySelectorAll(FOCUSABLE)];
  const number = all(old).indexOf(document.activeElement);
  return () => (all(element)[number] ?? all(element)[0])?.focus({ preventScroll: true });
}

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
    focused = old?.element.contains(document.activeElement) ? focusIn(element, old.element) : focused;
    for (const [number, details] of [...(old?.element.querySelectorAll("details") ?? [])].entries()) {
      element.querySelectorAll("details")[number]?.toggleAttribute("open", details.open);
    }
    keepTyped(old?.element, element);
    after.set(key, { text, element });
  }
  const wanted = [...after.values()].map((one) => one.element);
  for (const child of [...place.children]) {
    if (!wanted.includes(child)) {
      child.remove();
    }
  }
  // Only elements at the wrong position are moved, because moving an element removes its focus.
  wanted.forEach((element, number) => {
    if (place.children[number] !== element) {
      place.insertBefore(element, place.children[number] ?? null);
    }
  });
  known.set(place, after);
  focused?.();
}
