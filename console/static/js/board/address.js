// Parameters of the page's URL: `from`, `to`, `refresh`, `viewPanel` and `var-<name>`, in the format of Grafana.

import { Pattern } from "./fill.js";

export const ALL = "$__all";

export function read(search, board) {
  const given = new URLSearchParams(search);
  const chosen = {};
  for (const one of board.templating?.list ?? []) {
    const own = one.current?.value ?? one.query ?? "";
    const values = given.getAll(`var-${one.name}`);
    chosen[one.name] = one.type === "query" ? queried(values, own) : values[0] ?? (typeof own === "string" ? own : "");
  }
  return {
    from: given.get("from") ?? board.time?.from ?? "now-1h",
    to: given.get("to") ?? board.time?.to ?? "now",
    refresh: given.get("refresh") ?? board.refresh ?? "",
    view: Number(given.get("viewPanel")?.replace("panel-", "")) || null,
    chosen,
  };
}

function queried(values, own) {
  const chosen = values.length ? values : [own].flat();
  return chosen.includes(ALL) || chosen.includes("All") || !chosen.join("") ? [ALL] : chosen;
}

export function written(state, isWithView = true) {
  const query = new URLSearchParams({ from: state.from, to: state.to });
  for (const [name, value] of Object.entries(state.chosen)) {
    [value].flat().forEach((one) => query.append(`var-${name}`, one));
  }
  if (isWithView) {
    query.set("refresh", state.refresh);
    if (state.view) {
      query.set("viewPanel", `panel-${state.view}`);
    }
  }
  return query.toString();
}

// The variable values that are inserted into queries.
export function values(state, board) {
  return Object.fromEntries((board.templating?.list ?? []).map(({ name, allValue }) => {
    const value = state.chosen[name];
    return [name, Array.isArray(value) && value.includes(ALL) ? new Pattern(allValue || ".*") : value];
  }));
}
