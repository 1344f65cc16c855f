// The page of one request: findings, the order's states, the waterfall with log lines, exemplars and e-mails.

import { getJson } from "../api.js";
import { at, h, link, notes, put } from "../dom.js";
import { clock, day, ms, seconds } from "../format.js";
import { waterfall } from "./waterfall.js";

const place = at("story");
const COMPLETE_AFTER_MS = 20000;
const SLOW_STEP_MS = 1000;
let isLeft = false;

function heading(story) {
  const first = rootOf(story.trace);
  const title = first ? `${first.name}` : story.order ? `Order ${story.order.id}` : "Request";
  const facts = [];
  if (story.trace) {
    facts.push(`${day(story.trace.started_at)} ${clock(story.trace.started_at, true)}`, `${ms(story.trace.duration_ms)} total`, `${story.trace.spans} spans`, story.trace.services.join(" → "));
  }
  return [h("div", { class: "heading" }, h("h1", {}, title),
    story.trace?.errors ? h("span", { class: "badge bad" }, `${story.trace.errors} ${story.trace.errors === 1 ? "error" : "errors"}`) : null,
    h("button", { type: "button", class: "spaced", onclick: () => read() }, "Reload")),
  h("p", { class: "hint facts" }, facts.join(" · ")),
  h("dl", { class: "ids" }, [["Request", story.request_id], ["Trace", story.trace_id], ["Order", story.order?.id]].filter(([, id]) => id)
    .map(([name, id]) => h("div", {}, h("dt", {}, name), h("dd", { class: "mono" }, id)))),
  h("p", { class: "actions" }, story.links.filter((one) => one.title !== "Console").map((one) => link(one.url, one.title))),
  story.alerts.length ? h("p", { class: "hint" }, "Firing now: ", story.alerts.map((one) => [h("a", { href: "/alerts", title: one.summary }, one.name), " "])) : null];
}

function rootOf(trace) {
  return trace?.parts.find((part) => part.type === "span");
}

function finding(one, heading, show) {
  return h("div", { class: `finding ${one.kind}` }, h(heading, {}, one.title), h("p", {}, one.text, " ", h("button", { type: "button", class: "quiet", onclick: () => show(one.span_id) }, "Show span")));
}

function findings(story, show) {
  if (!story.findings.length) {
    return story.trace ? h("section", { class: "card findings good" }, h("h2", {}, "No findings"),
      h("p", { class: "hint" }, `No query without an index, long wait, failure or dominant step was found in the ${ms(story.trace.duration_ms)} of this trace.`)) : null;
  }
  const [first, ...rest] = story.findings;
  return h("section", { class: "card findings", "aria-label": "Findings" }, finding(first, "h2", show),
    rest.length ? h("div", { class: "further" }, h("p", { class: "caption" }, "Other findings"), rest.map((one) => finding(one, "h3", show))) : null);
}

function order(part) {
  if (!part) {
    return null;
  }
  const after = part.states.map((state) => state.after_ms ?? 0);
  const took = after.map((ms, place) => ms - (after[place - 1] ?? 0));
  const longest = Math.max(...took) > SLOW_STEP_MS ? took.indexOf(Math.max(...took)) : -1;
  const total = part.total_cents === null ? "" : ` · ${(part.total_cents / 100).toFixed(2)} ${part.currency}`;
  return h("section", { class: "card" }, h("header", {}, h("h2", {}, "Order"), h("span", { class: `badge ${part.status === "confirmed" ? "good" : part.status === "failed" ? "bad" : "warn"}` }, part.status), h("span", { class: "hint" }, part.items.join(", ") + total)),
    part.reason ? h("p", { class: "wrong" }, part.reason) : null,
    h("ol", { class: "states" }, part.states.map((state, place) => h("li", { class: place === longest ? "slow" : null }, h("b", {}, state.status), h("span", { class: "hint" }, state.after_ms === null ? "" : `+${ms(state.after_ms)}`), place === longest ? h("span", { class: "badge warn" }, `this step took ${ms(took[place])}`) : null))));
}

function around(story) {
  const mails = story.emails.map((mail) => h("a", { class: "row-line", href: `/inbox#item-${mail.id}` }, h("span", { class: "name" }, mail.subject), h("span", { class: "num" }, clock(mail.received_at))));
  const others = story.exemplars.filter((one) => one.trace_id !== story.trace_id).slice(-6).reverse()
    .map((one) => h("a", { class: "row-line", href: `/requests/${one.trace_id}` }, h("span", { class: "name" }, `${one.method} ${one.route}`), h("span", { class: "num" }, seconds(one.seconds)), h("span", { class: "hint" }, clock(one.at * 1000))));
  const own = story.exemplar;
  return h("div", { class: "pair" },
    h("section", { class: "card" }, h("header", {}, h("h2", {}, "Exemplars"), h("p", { class: "hint" }, "Exemplars of the latency histogram from around the time of this request.")),
      own?.is_ours ? h("p", { class: "hint" }, `This request is the exemplar of its bucket: ${seconds(own.seconds)} (le ${own.labels.le ?? "?"}).`) : null,
      others.length ? others : h("p", { class: "hint" }, own?.is_ours ? "" : "No exemplars around that time.")),
    h("section", { class: "card" }, h("header", {}, h("h2", {}, "E-mails")), mails.length ? mails : h("p", { class: "hint" }, "No e-mails for this request.")));
}

function draw(story) {
  const said = h("div", {});
  notes(said, story.notes);
  let show = () => {};
  let chart = null;
  if (story.trace) {
    const drawing = waterfall(story);
    chart = drawing.element;
    show = drawing.show;
  } else {
    chart = h("section", { class: "card" }, h("h2", {}, "Log lines"), story.logs.length ? story.logs.map((line) => h("p", { class: "mono" }, `${clock(line.at, true)} ${line.service} ${line.level} ${line.message}`)) : h("p", { class: "hint" }, "No log lines and no trace were found."));
  }
  put(place, heading(story), said, findings(story, show), order(story.order), chart, around(story));
  place.dataset.state = "ready";
  document.title = `${place.querySelector("h1").textContent} · Glasshouse`;
}

const isYoung = (story) => story.trace && Date.now() - new Date(story.trace.started_at).getTime() < COMPLETE_AFTER_MS;

// A recent request is not complete yet: its job can still be running and its spans still in transit. The page reloads it
// automatically.
async function read() {
  try {
    const story = await getJson(`/api/requests/${encodeURIComponent(place.dataset.id)}`);
    draw(story);
    if (!isLeft && (isYoung(story) || (story.order && !story.order.is_final))) {
      setTimeout(read, 3000);
    }
  } catch (problem) {
    put(place, h("div", { class: "heading" }, h("h1", {}, "Not found")), h("p", { class: "empty" }, problem.message),
      h("p", { class: "actions" }, h("a", { href: "/requests" }, "Recent requests"), h("button", { type: "button", onclick: read }, "Try again")));
  }
}

place.addEventListener("click", () => (isLeft = true));
read();
