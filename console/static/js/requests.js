// The requests page: recent, slow and failed requests and jobs, each with a link to its details.

import { getJson } from "./api.js";
import { at, empty, h, put, table } from "./dom.js";
import { every } from "./every.js";
import { ago, clock, seconds } from "./format.js";

const NOTHING = {
  recent: "No requests or jobs in this time range. To place an order, run `make follow`.",
  slow: "No slower requests or jobs in this time range.",
  failed: "No failed requests or jobs in this time range.",
};
const HEADINGS = [{ title: "Time" }, { title: "Service" }, { title: "Request or job" }, { title: "Status" }, { title: "Duration", num: true }, { title: "" }];
const kinds = [...at("kinds").querySelectorAll("button")];
const asked = new URLSearchParams(location.search).get("kind");
let kind = kinds.some((one) => one.dataset.kind === asked) ? asked : "recent";
let known = [];

function bar(took, most) {
  const fill = h("span", {});
  fill.style.width = `${Math.max(1, (took / most) * 100)}%`;
  return h("div", { class: "took", "aria-hidden": "true" }, fill);
}

function row(one, most) {
  const id = one.trace_id || one.request_id;
  const name = [h("span", { class: "method" }, one.method), " ", one.route];
  return [
    h("time", { datetime: one.at, title: ago(one.at), class: "fixed" }, clock(one.at)),
    one.instance || one.service,
    id ? h("a", { href: `/requests/${encodeURIComponent(id)}` }, name) : name,
    h("span", { class: `badge ${one.is_failed ? "bad" : ""}` }, one.status),
    seconds(one.seconds),
    bar(one.seconds, most),
  ];
}

function draw() {
  const words = at("contains").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const shown = known.filter((one) => words.every((word) => Object.values(one).some((value) => String(value).toLowerCase().includes(word))));
  const most = Math.max(0.001, ...shown.map((one) => one.seconds));
  at("said").textContent = shown.length ? `${shown.length} ${shown.length === 1 ? "result" : "results"}, ${kind === "slow" ? "slowest first" : "newest first"}` : "";
  put("list", shown.length ? table(HEADINGS, shown.map((one) => row(one, most))) : empty(known.length ? "No requests match the filter." : NOTHING[kind]));
}

async function read() {
  const query = new URLSearchParams({ kind, minutes: at("minutes").value, milliseconds: at("milliseconds").value, limit: 200 });
  try {
    known = (await getJson(`/api/requests?${query}`)).requests;
    draw();
  } catch (problem) {
    put("list", empty(problem.message));
  }
}

const refresh = every(5000, read);

function choose(next) {
  kind = next;
  kinds.forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.kind === kind)));
  at("slow-from").hidden = kind !== "slow";
  history.replaceState(null, "", kind === "recent" ? "/requests" : `/requests?kind=${kind}`);
}

kinds.forEach((one) => one.addEventListener("click", () => {
  choose(one.dataset.kind);
  read();
}));
choose(kind);
at("filters").addEventListener("submit", (event) => event.preventDefault());
at("contains").addEventListener("input", draw);
for (const id of ["minutes", "milliseconds"]) {
  at(id).addEventListener("change", refresh);
}
