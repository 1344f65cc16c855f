// A table: rows of several queries joined by their labels; the dashboard file selects, orders and names the columns.

import { h, link, put } from "../../dom.js";
import { address } from "../fill.js";
import { said, textColour } from "../looks.js";

// One row per label set. With several queries, each query has its own column: `Value #A`, `Value #B` and so on.
export function merged(panel, results) {
  const rows = new Map();
  for (const target of panel.targets) {
    const column = panel.targets.length > 1 ? `Value #${target.refId}` : "Value";
    for (const { labels, values } of results[target.refId]?.series ?? []) {
      const { __name__: _, ...own } = labels;
      const key = JSON.stringify(Object.entries(own).sort());
      rows.set(key, { ...(rows.get(key) ?? own), [column]: values.at(-1)[1] });
    }
  }
  return [...rows.values()];
}

export function organized(panel, rows) {
  const { includeByName = {}, indexByName = {}, renameByName = {} } = panel.transformations?.find((one) => one.id === "organize")?.options ?? {};
  const known = new Set([...rows.flatMap(Object.keys), ...Object.keys(includeByName)]);
  const columns = [...known].filter((name) => !Object.keys(includeByName).length || includeByName[name])
    .sort((a, b) => (indexByName[a] ?? 99) - (indexByName[b] ?? 99)).map((name) => ({ name, title: renameByName[name] || name }));
  return { columns, rows: rows.map((row) => Object.fromEntries(columns.map(({ name, title }) => [title, row[name] ?? null]))) };
}

function looksOf(panel, title) {
  const own = (panel.fieldConfig.overrides ?? []).filter((one) => one.matcher.id === "byName" && one.matcher.options === title).flatMap((one) => one.properties);
  const given = Object.fromEntries(own.map(({ id, value }) => [id, value]));
  return { ...panel.fieldConfig.defaults, ...given, isColoured: given["custom.cellOptions"]?.type === "color-text" };
}

export function table(place, panel) {
  let sorted = null;
  let shown = null;

  function cell(row, { title, look }, context) {
    const value = row[title];
    if (typeof value === "string") {
      const to = look.links?.[0];
      return h("td", {}, to ? link(address(to.url, { range: context.range, fields: row }), value, { title: to.title }) : value);
    }
    const found = said(value, look);
    const cell = h("td", { class: "num" }, value === null ? "" : found.text);
    if (look.isColoured && value !== null) {
      cell.style.color = textColour(found.colour);
    }
    return cell;
  }

  function ordered(rows) {
    if (!sorted) {
      return rows;
    }
    const { title, isDown } = sorted;
    const compare = (a, b) => (typeof a === "string" || typeof b === "string" ? String(a ?? "").localeCompare(String(b ?? "")) : (a ?? -Infinity) - (b ?? -Infinity));
    return [...rows].sort((a, b) => compare(a[title], b[title]) * (isDown ? -1 : 1));
  }

  function draw(focus = -1) {
    const { columns, rows, context } = shown;
    const full = columns.map((one) => ({ ...one, look: looksOf(panel, one.title), isNumber: one.name.startsWith("Value") }));
    const heads = full.map((one, number) => h("th", { scope: "col", class: one.isNumber ? "num" : null, "aria-sort": sorted?.title === one.title ? (sorted.isDown ? "descending" : "ascending") : null },
      h("button", { type: "button", class: "quiet", title: "Sort by this column", onclick: () => {
        sorted = { title: one.title, isDown: sorted?.title === one.title ? !sorted.isDown : one.isNumber };
        draw(number);
      } }, one.title, h("span", { "aria-hidden": "true" }, sorted?.title === one.title ? (sorted.isDown ? " ▾" : " ▴") : ""))));
    put(place, h("div", { class: "cells", tabindex: 0, role: "region", "aria-label": panel.title }, h("table", {}, h("thead", {}, h("tr", {}, heads)),
      h("tbody", {}, ordered(rows).map((row) => h("tr", {}, full.map((one) => cell(row, one, context))))))));
    place.querySelectorAll("th button")[focus]?.focus();
  }

  return {
    show(results, context) {
      const rows = merged(panel, results);
      if (!rows.length) {
        return false;
      }
      shown = { ...organized(panel, rows), context };
      draw();
      return true;
    },
  };
}
