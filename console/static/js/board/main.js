// A dashboard from a Grafana file: controls, panels, and one batch of queries per refresh for the visible panels.

import { ask, getJson } from "../api.js";
import { at, empty, h, link, put } from "../dom.js";
import * as address from "./address.js";
import * as annotations from "./annotations.js";
import { answers, questions, resultsOf, spanOf } from "./asking.js";
import { drawTime, drawVariables } from "./controls.js";
import { fill } from "./fill.js";
import { makePanel } from "./panel.js";
import { duration, range as rangeOf } from "./time.js";
import { drawView } from "./view.js";

const place = at("board");
const LABEL_VALUES = /^label_values\((?:(?<metric>.+),\s*)?(?<label>\w+)\)$/s;
let board;
let state;
let range;
let panels = [];
let options = {};
let marks = [];
let turn = 0;
let timer = 0;
let soon = 0;
let asked = 0; // batches in flight

const inSight = () => panels.filter((one) => one.isKnown && one.isVisible && (!state.view || one.panel.id === state.view));
const keyOf = () => `${range.start} ${range.end} ${JSON.stringify(state.chosen)}`;

const showProblem = (problem) => put("problem", h("p", { class: "note" }, problem.message));

// --- queries ---

async function readVariables() {
  const wanted = (board.templating?.list ?? []).filter((one) => one.type === "query").map((one) => {
    const { metric = "", label } = LABEL_VALUES.exec(one.definition)?.groups ?? {};
    return { id: one.name, source: "prometheus", kind: "labels", label, expr: fill(metric, address.values(state, board), { ...range, step: 15 }), start: range.start, end: range.end };
  });
  if (wanted.length) {
    const known = await ask(wanted);
    options = Object.fromEntries(wanted.map(({ id }) => [id, [...(known[id].values ?? [])].sort()]));
  }
  drawVariables(at("variables"), board, state, options, choose);
}

function asking(one, values) {
  try {
    return questions(one.panel, range, values);
  } catch (error) {
    one.fail(error.message);
    return [];
  }
}

async function found(questionsOfAll) {
  asked += 1;
  try {
    return await answers(questionsOfAll);
  } finally {
    asked -= 1;
  }
}

// Panels that become visible are queried separately. A refresh queries all visible panels in one batch.
async function read(isRefresh) {
  const wanted = inSight().filter((one) => isRefresh || one.key !== keyOf());
  if (!wanted.length && !isRefresh) {
    return;
  }
  const [mine, values, key] = [turn, address.values(state, board), keyOf()];
  wanted.forEach((one) => (one.key = key));
  const ofPanels = wanted.flatMap((one) => asking(one, values));
  const all = await found(isRefresh ? [...annotations.questions(board, range, values), ...ofPanels] : ofPanels);
  if (mine !== turn) {
    return; // The selection has changed in the meantime.
  }
  if (isRefresh) {
    marks = annotations.marks(board, range, all);
  }
  for (const one of wanted) {
    const results = resultsOf(one.panel, all);
    one.show(results, { range: { ...range, from: state.from, to: state.to }, span: spanOf(one.panel, range), marks, onZoom: zoom });
    if (one.panel.id === state.view) {
      drawView(at("zoom"), one.panel, results, { range, values, marks });
    }
  }
  place.dataset.state = "ready";
}

// If a server is slower than the refresh interval, the next query waits for its response.
async function refresh(isDue = false) {
  clearTimeout(timer);
  if (!document.hidden && !(isDue && asked)) {
    range = rangeOf(state, board.time);
    at("trouble").hidden = !range.isRefused;
    try {
      await read(true);
      put("problem");
    } catch (problem) {
      inSight().forEach((one) => (one.key = ""));
      showProblem(problem);
    }
  }
  const seconds = duration(state.refresh);
  clearTimeout(timer);
  if (seconds) {
    timer = setTimeout(refresh, seconds * 1000, true);
  }
}

function comeIntoSight() {
  clearTimeout(soon);
  soon = setTimeout(() => read(false).catch(showProblem), 60);
}

// --- selection ---

function changed() {
  turn += 1;
  history.replaceState(null, "", `${location.pathname}?${address.written(state)}`);
  range = rangeOf(state, board.time);
  const query = address.written(state, false);
  put("board-links", board.links.map((one) => link(`${one.url}?${query}`, one.title, { title: one.tooltip })));
  if (at("in-grafana")) {
    at("in-grafana").href = `${document.body.dataset.grafana}/d/${encodeURIComponent(board.uid)}?${query}`;
  }
  drawTime(at("times"), state, range, { onRange, onRefresh, onNow: () => refresh() });
  drawVariables(at("variables"), board, state, options, choose);
  at("panels").classList.toggle("alone", Boolean(state.view));
  panels.forEach((one) => one.element.classList.toggle("viewed", one.panel.id === state.view));
  at("zoom").hidden = !state.view;
  panels.forEach((one) => one.resize());
  refresh();
}

// The query of one variable can contain another variable.
const updateVariables = () => readVariables().catch(showProblem);

function choose(name, value) {
  state.chosen[name] = value;
  changed();
  updateVariables();
}

function onRange(from, to) {
  Object.assign(state, { from, to });
  changed();
  updateVariables();
}

const zoom = (from, to) => onRange(String(Math.round(from * 1000)), String(Math.round(to * 1000)));

function onRefresh(text) {
  state.refresh = text;
  changed();
}

function view(id) {
  state.view = state.view === id ? null : id;
  put("zoom");
  changed();
  (state.view ? panels.find((one) => one.panel.id === id)?.element : at(`panel-${id}`))?.querySelector(".view").focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && state?.view && !event.target.closest("input, select, dialog, details[open]")) {
    view(state.view);
  }
});

// --- drawing ---

function row(one) {
  const element = h("h2", { class: "row" }, one.title);
  element.style.setProperty("--y", String(one.gridPos.y + 1));
  return element;
}

function watch() {
  const sight = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      panels.find((one) => one.element === entry.target).isVisible = entry.isIntersecting;
    }
    comeIntoSight();
  }, { rootMargin: "150px" });
  const sizes = new ResizeObserver((entries) => entries.forEach((entry) => panels.find((one) => one.body === entry.target).resize()));
  panels.forEach((one) => {
    one.isVisible = one.element.getBoundingClientRect().top < innerHeight; // set immediately, for the first batch
    sight.observe(one.element);
    sizes.observe(one.body);
  });
  const recolour = () => panels.forEach((one) => one.recolour());
  document.addEventListener("theme", recolour);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
}

try {
  const content = await getJson(`/api/dashboards/${encodeURIComponent(place.dataset.uid)}`);
  board = content.dashboard;
  state = address.read(location.search, board);
  range = rangeOf(state, board.time);
  at("board-title").textContent = board.title;
  at("board-about").textContent = board.description ?? "";
  document.title = `${board.title} · Glasshouse`;
  panels = board.panels.filter((one) => one.type !== "row").map((one) => makePanel(one, content.declared[one.title], view));
  const elements = new Map(panels.map((one) => [one.panel, one.element]));
  put("panels", board.panels.map((one) => elements.get(one) ?? row(one)));
  watch();
  changed();
  updateVariables();
} catch (problem) {
  put("panels", empty(problem.message));
}
at("panels").removeAttribute("aria-busy");
