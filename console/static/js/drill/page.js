// Fire drills: the catalogue, the running drill with its timeline, and earlier runs.

import { change, getJson } from "../api.js";
import { at, empty, h, put, toast } from "../dom.js";
import { keyed } from "../keyed.js";
import { mustBeIn } from "../signin.js";
import { catalogueTable, runCard, running } from "./parts.js";

const opened = new Set();

async function act(work, said) {
  if (!(await mustBeIn())) {
    return;
  }
  try {
    await work();
    toast(said);
  } catch (problem) {
    toast(problem.message);
  }
  await drills();
}

const stop = () => act(() => change("DELETE", "/api/drills/current"), "Stopping: the drill clears its fault and then ends.");

function start(drill) {
  const go = h("button", { type: "button", class: "main", onclick: () => {
    dialog.close();
    act(() => change("POST", "/api/drills", { name: drill.name }), `Drill ${drill.name} started.`)
      .then(() => at("current").scrollIntoView({ block: "center", behavior: "smooth" }));
  } }, "Run drill");
  const dialog = h("dialog", { "aria-labelledby": "run-title" }, h("h2", { id: "run-title" }, `Run ${drill.name}?`),
    h("p", {}, h("b", {}, drill.title), ". ", drill.lesson),
    h("p", { class: "hint" }, "The drill waits until no page is firing, sends a light load, injects a fault into this stack, records the notifications and clears the fault. This takes several minutes. Other orders can be delayed during that time."),
    h("p", { class: "actions" }, go, h("button", { type: "button", onclick: () => dialog.close() }, "Cancel")));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  go.focus();
}

function toggle(run) {
  if (!opened.delete(run)) {
    opened.add(run);
  }
  drills();
}

export async function drills() {
  try {
    const found = await getJson("/api/drills");
    const current = found.current && !found.current.is_over ? found.current : null;
    const live = new Set(found.runs.filter((run) => run.state === "running").map((run) => run.run));
    const wanted = found.runs.filter((run) => live.has(run.run) || opened.has(run.run));
    const details = new Map(await Promise.all(wanted.map(async (run) => [run.run, (await getJson(`/api/drills/${encodeURIComponent(run.run)}`)).events])));
    keyed(at("current"), current ? [{ current, events: details.get(current.run) ?? [], tick: Math.floor(Date.now() / 2000) }] : [], () => "current", (one) => running(one, stop));
    keyed(at("catalogue"), found.catalogue.length ? [{ drills: found.catalogue, last: found.last, isBusy: Boolean(current) }] : [], () => "all", (one) => catalogueTable(one, start));
    at("no-catalogue").hidden = found.can_run;
    const runs = found.runs.filter((run) => run.run !== current?.run).map((run) => ({ ...run, events: details.get(run.run) ?? null }));
    if (runs.length) {
      keyed(at("runs"), runs, (run) => run.run, (run) => runCard(run, toggle));
    } else {
      keyed(at("runs"), ["none"], String, () => empty("No drills have been run on this instance."));
    }
  } catch (problem) {
    put("current", empty(problem.message));
  }
}
