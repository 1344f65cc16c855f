// Fire drills: each run's verdict, and the events of one, live while it runs.

import { getJson } from "./api.js";
import { empty, h, put } from "./dom.js";
import { clock, day, rounded } from "./format.js";

const LIVE_SECONDS = 60;
let opened = "";
let shown = "";

const isLive = (run) => !run.result && Date.now() / 1000 - run.touched < LIVE_SECONDS;

function verdictOf(run) {
  if (!run.result) {
    return isLive(run) ? ["warn", "running"] : ["", "broken off"];
  }
  const { passed, ok, outcome, verdict } = run.result;
  const word = String(outcome ?? verdict ?? "");
  const isGood = passed ?? ok ?? /pass|ok|met|kept/i.test(word);
  return isGood ? ["good", "passed"] : ["bad", word || "failed"];
}

function textOf(event) {
  const { at, time, t, seconds, kind, type, event: name, message, text, ...rest } = event;
  const said = [kind ?? type ?? name, message ?? text].filter(Boolean).join(": ");
  const more = Object.entries(rest).filter(([, value]) => typeof value !== "object").map(([key, value]) => `${key}=${value}`).join(" ");
  return [said, more].filter(Boolean).join("  ");
}

function whenOf(event) {
  const offset = event.seconds ?? event.t;
  if (typeof offset === "number") {
    return `+${rounded(offset, 1)} s`;
  }
  const moment = event.at ?? event.time;
  return moment ? clock(typeof moment === "number" ? moment * 1000 : moment) : "";
}

function timeline(events) {
  return events.length ? h("ol", { class: "timeline" }, events.map((event) => h("li", {}, h("span", { class: "at" }, whenOf(event)), h("span", {}, textOf(event))))) : h("p", { class: "hint" }, "It wrote no events.");
}

function card(run, events) {
  const [style, word] = verdictOf(run);
  const moment = run.touched * 1000;
  return h("article", { class: "card" },
    h("header", {}, h("h3", {}, run.result?.name ?? run.run), h("span", { class: `badge ${style}` }, word), h("span", { class: "hint" }, `${day(moment)} ${clock(moment)}`),
      h("button", { type: "button", class: "more", "aria-expanded": String(run.run === opened), onclick: () => {
        opened = run.run === opened ? "" : run.run;
        shown = "";
        drills();
      } }, run.run === opened ? "Close" : "Timeline")),
    run.result?.summary ? h("p", { class: "hint" }, String(run.result.summary)) : null,
    events ? timeline(events) : null);
}

export async function drills() {
  try {
    const { runs } = await getJson("/api/drills");
    const live = runs.find(isLive);
    const wanted = opened || live?.run || "";
    const events = wanted ? (await getJson(`/api/drills/${encodeURIComponent(wanted)}`)).events : null;
    const text = JSON.stringify([runs, wanted, events]);
    if (text === shown) {
      return;
    }
    shown = text;
    put("drills", runs.length ? h("div", { class: "stack" }, runs.map((run) => card(run, run.run === wanted ? events : null)))
      : empty("No drill was run on this instance yet. Run one and watch it here: ", h("code", {}, "make drill NAME=payment-down"), "."));
  } catch (problem) {
    put("drills", empty(problem.message));
  }
}
