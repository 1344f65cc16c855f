// The controls above the panels: variables, time range, refresh interval.

import { h, put } from "../dom.js";
import { day } from "../format.js";
import { ALL } from "./address.js";
import { RANGES, REFRESHES } from "./time.js";

const local = (seconds) => {
  const date = new Date(seconds * 1000);
  return `${day(date)}T${date.toTimeString().slice(0, 8)}`;
};

function menu(summary, ...content) {
  const details = h("details", { class: "menu" }, h("summary", {}, summary), h("div", { class: "menu-body" }, content));
  details.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && details.open) {
      event.stopPropagation();
      details.open = false;
      details.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => details.contains(event.target) || (details.open = false));
  return details;
}

function textbox(one, value, onChange) {
  const input = h("input", { type: "search", value, spellcheck: "false", autocomplete: "off", maxlength: 128, onchange: () => onChange(one.name, input.value.trim()) });
  return h("label", { title: one.description }, one.label || one.name, input);
}

function several(one, chosen, options, onChange) {
  const isAll = chosen.includes(ALL);
  const known = [...new Set([...options, ...chosen.filter((value) => value !== ALL)])];
  const shown = isAll ? "All" : chosen.length > 2 ? `${chosen.length} selected` : chosen.join(", ");
  const box = (value, text, isOn) => h("label", {}, h("input", { type: "checkbox", value, checked: isOn, onchange: (event) => {
    const rest = chosen.filter((other) => other !== value && other !== ALL);
    const next = value === ALL || (!rest.length && !event.target.checked) ? [ALL] : event.target.checked ? [...rest, value] : rest;
    onChange(one.name, next);
  } }), text);
  const open = menu([h("span", { class: "what" }, one.label || one.name), " ", h("b", {}, shown)], one.description ? h("p", { class: "hint" }, one.description) : null,
    one.includeAll ? box(ALL, "All", isAll) : null, known.map((value) => box(value, value, !isAll && chosen.includes(value))));
  open.dataset.name = one.name;
  return open;
}

export function drawVariables(place, board, state, options, onChange) {
  const wasOpen = place.querySelector("details[open]")?.dataset.name;
  const focused = document.activeElement?.closest?.("#variables") ? document.activeElement.value : null;
  put(place, (board.templating?.list ?? []).map((one) => (one.type === "query"
    ? several(one, state.chosen[one.name], options[one.name] ?? [], onChange) : textbox(one, state.chosen[one.name], onChange))));
  const reopened = [...place.querySelectorAll("details")].find((one) => one.dataset.name === wasOpen);
  if (reopened) {
    reopened.open = true;
    [...reopened.querySelectorAll("input")].find((one) => one.value === focused)?.focus();
  }
}

export function drawTime(place, state, range, { onRange, onRefresh, onNow }) {
  const preset = RANGES.find(([name]) => state.from === `now-${name}` && state.to === "now");
  const select = h("select", { "aria-label": "Time range", onchange: () => select.value && onRange(`now-${select.value}`, "now") },
    preset ? null : h("option", { value: "", selected: true }, "Custom range"), RANGES.map(([name, text]) => h("option", { value: name, selected: preset?.[0] === name }, `Last ${text}`)));
  const from = h("input", { type: "datetime-local", step: 1, value: local(range.start), required: true });
  const to = h("input", { type: "datetime-local", step: 1, value: local(range.end), required: true });
  const wrong = h("p", { class: "wrong", role: "alert" });
  const form = h("form", { class: "between", novalidate: true, onsubmit: (event) => {
    event.preventDefault();
    const [begin, end] = [Date.parse(from.value), Date.parse(to.value)];
    if (!(end > begin) || end - begin > 44 * 86400000) {
      wrong.textContent = "The end must be after the start, and the range must not exceed 44 days.";
    } else {
      onRange(String(begin), String(end));
    }
  } }, h("label", {}, "From", from), h("label", {}, "To", to), wrong, h("button", { type: "submit" }, "Apply"));
  const wider = h("button", { type: "button", title: "Zoom out", "aria-label": "Zoom out", onclick: () => {
    const [middle, half] = [(range.start + range.end) / 2, range.end - range.start];
    onRange(String(Math.round((middle - half) * 1000)), String(Math.round(Math.min(Date.now() / 1000, middle + half) * 1000)));
  } }, "−");
  const refresh = h("select", { "aria-label": "Refresh interval", onchange: () => onRefresh(refresh.value) },
    [...new Set([...REFRESHES, state.refresh])].map((one) => h("option", { value: one, selected: one === state.refresh }, one ? `Every ${one}` : "Auto-refresh off")));
  put(place, select, menu("Custom range", form), wider, h("button", { type: "button", onclick: onNow }, "Refresh"), refresh);
}
