// The parts of the drills section.

import { h, table } from "../dom.js";
import { clock, day, grouped, percent, rounded, seconds } from "../format.js";
import { WORDS, parted } from "./events.js";
import { LEGEND, picture } from "./picture.js";

const STATES = { passed: ["good", "passed"], failed: ["bad", "failed"], running: ["warn", "running"], stopped: ["", "stopped"], unreadable: ["warn", "result unreadable"] };
const HEADINGS = [{ title: "Drill" }, { title: "Fault" }, { title: "Expected notifications" }, { title: "Last result" }, { title: "" }];

const badge = ([style, text]) => h("span", { class: `badge ${style}` }, text);

function list(part, title) {
  return h("details", {}, h("summary", {}, title),
    h("ol", { class: "timeline" }, part.map((event) => h("li", {}, h("span", { class: "at" }, `${event.after < 0 ? "" : "+"}${rounded(event.after, 1)} s`), h("span", { class: "kind" }, WORDS[event.kind] ?? event.kind), h("span", {}, [event.alert, event.receiver && `to ${event.receiver}`, event.text].filter(Boolean).join(" · "))))));
}

// Before the fault is injected, the drill waits until no page is firing. That wait is shown as one line.
export function timelines(events, isLive) {
  const parts = parted(events);
  return parts.map((part, number) => !part.some((event) => event.kind === "broken") ? list(part, `Events before the fault: ${part.length}`) : h("div", { class: "drill-part" },
    h("div", { class: "scroll plain", tabindex: 0, role: "region", "aria-label": "Timeline" }, picture(part, { isLive: isLive && number === parts.length - 1 })),
    h("p", { class: "hint legend" }, h("span", { class: "key pending" }), " pending ", h("span", { class: "key firing" }), ` firing · ${LEGEND}`),
    list(part, `${part.length} events`)));
}

function notified(drill) {
  return drill.alerts.map((one) => h("p", { class: "hint" }, h("b", {}, one.alert), one.notify === null ? ": no notification"
    : `: notification after ${seconds(one.notify, 0)} (limit ${seconds(one.allowed, 0)})`, one.mail === null ? "" : `, e-mail after ${seconds(one.mail, 0)}`, one.resolve === null ? "" : `, resolved ${seconds(one.resolve, 0)} after the fault was cleared`));
}

function drilled(drill) {
  const { spent } = drill;
  return h("div", { class: "drilled" },
    h("p", {}, badge(STATES[drill.passed ? "passed" : "failed"]), " ", h("b", {}, drill.name), `: ${drill.title}`), notified(drill),
    h("p", { class: "hint" }, `${grouped(spent.failed)} of ${grouped(spent.requests)} requests failed (${percent(spent.budget_share, 2)} of the monthly error budget). Orders: ${grouped(spent.orders)} placed, ${grouped(spent.delayed)} late, ${grouped(spent.lost)} lost.`),
    drill.wrong.map((text) => h("p", { class: "wrong" }, `✘ ${text}`)));
}

export function runCard(run, toggle) {
  const names = run.drills.map((one) => one.name).join(", ") || "Drill";
  return h("article", { class: "card run", "data-run": run.run, "data-state": run.state },
    h("header", {}, h("h3", {}, names), badge(STATES[run.state]), h("span", { class: "hint" }, `${day(run.touched * 1000)} ${clock(run.touched * 1000)}`),
      h("button", { type: "button", class: "more", "aria-expanded": String(run.events !== null), onclick: () => toggle(run.run) }, run.events === null ? "Timeline" : "Close")),
    run.drills.map(drilled), run.wrong.map((text) => h("p", { class: "wrong" }, `✘ ${text}`)),
    run.events === null ? null : run.events.length ? timelines(run.events, run.state === "running") : h("p", { class: "hint" }, "This run recorded no events."));
}

export function running({ current, events }, stop) {
  const said = current.says.at(-1) ?? "starting …";
  return h("article", { class: "card run ongoing", "data-drill": current.name },
    h("header", {}, h("h3", {}, current.name), badge(["warn", current.stopping ? "stopping" : "running"]), h("span", { class: "hint" }, `since ${clock(current.began)}, by ${current.by}`),
      h("button", { type: "button", class: "more danger", disabled: current.stopping, onclick: stop }, "Stop")),
    h("p", { class: "says", role: "status" }, h("span", { class: "pulse on", "aria-hidden": "true" }), h("code", {}, said)),
    events.length ? timelines(events, true) : h("p", { class: "hint" }, "The load is warming up. The timeline starts when the fault is injected."));
}

export function catalogueTable({ drills, last, isBusy }, start) {
  return h("div", { class: "scroll stacked", tabindex: 0, role: "region", "aria-label": "Drills" }, table(HEADINGS, drills.map((drill) => [
    h("code", {}, drill.name), h("span", {}, drill.title),
    drill.notified.length ? drill.notified.map((one) => h("div", {}, h("span", { class: `badge ${one.severity}` }, one.severity), ` ${one.alert} `, h("span", { class: "hint" }, `within ${seconds(one.within, 0)}`))) : h("span", { class: "hint" }, "none"),
    drill.name in last ? badge(STATES[last[drill.name] ? "passed" : "failed"]) : "",
    h("button", { type: "button", disabled: isBusy, "aria-label": `Run ${drill.name}`, onclick: () => start(drill) }, "Run"),
  ])));
}
