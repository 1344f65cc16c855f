// The events of a run, grouped by drill. A group starts when the fault is injected; times are in seconds since then.

export const WORDS = {
  broken: "fault injected", cleared: "fault cleared", pending: "pending", firing: "firing", inactive: "no longer firing",
  notified: "notified", mailed: "e-mail", resolved: "notified: resolved", "mailed resolved": "e-mail: resolved", note: "note",
};

export function parted(events) {
  const parts = [];
  for (const event of events) {
    if (event.kind === "broken" || !parts.length) {
      parts.push([]);
    }
    parts.at(-1).push({ ...event, time: new Date(event.at).getTime() / 1000 });
  }
  return parts.map((part) => {
    const zero = (part.find((event) => event.kind === "broken") ?? part[0]).time;
    return part.map((event) => ({ ...event, after: event.time - zero, zero })).sort((a, b) => a.after - b.after);
  });
}

// One lane per alert, with its states as spans and its notifications as marks.
export function lanes(part, end) {
  const found = new Map();
  for (const event of part.filter((one) => one.alert)) {
    const lane = found.get(event.alert) ?? { alert: event.alert, spans: [], marks: [] };
    found.set(event.alert, lane);
    const open = lane.spans.at(-1);
    if (["pending", "firing", "inactive"].includes(event.kind)) {
      if (open && open.end === null) {
        open.end = event.after;
      }
      if (event.kind !== "inactive") {
        lane.spans.push({ state: event.kind, start: event.after, end: null });
      }
    } else if (["notified", "mailed", "resolved"].includes(event.kind)) {
      lane.marks.push({ kind: event.kind, at: event.after });
    }
  }
  const all = [...found.values()];
  all.forEach((lane) => lane.spans.forEach((span) => (span.end ??= end)));
  return all;
}
