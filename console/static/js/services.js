// The API page: each service with its state and its endpoints. Services with endpoints come first.

import { getJson } from "./api.js";
import { at, h, link, notes, put, table } from "./dom.js";

const HEADINGS = [{ title: "Method" }, { title: "Path" }, { title: "Description" }, { title: "" }];

function head(service) {
  const isDown = service.of && service.up < service.of;
  const state = service.of ? `${service.up} of ${service.of} up` : "not monitored";
  return h("header", {}, h("h2", {}, service.id), h("span", { class: `badge ${isDown ? "bad" : service.of ? "good" : ""}` }, state), h("span", { class: "hint" }, service.title),
    service.links.length ? h("span", { class: "more actions" }, service.links.map((one) => link(one.url, one.title))) : null);
}

function row(one) {
  return [h("span", { class: "method" }, one.method), h("code", {}, one.path), one.summary, one.auth ? h("span", { class: "badge" }, "sign-in") : ""];
}

function card(service) {
  return h("article", { class: "card", "data-service": service.id }, head(service), h("p", { class: "hint" }, service.text),
    service.endpoints.length ? h("details", {}, h("summary", {}, `${service.endpoints.length} endpoints`),
      h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Endpoints of ${service.id}` }, table(HEADINGS, service.endpoints.map(row)))) : null);
}

try {
  const { services, notes: said } = await getJson("/api/services");
  notes("notes", said);
  put("services", services.filter((one) => one.endpoints.length).map(card));
  put("others", services.filter((one) => !one.endpoints.length).map(card));
} catch (problem) {
  notes("notes", [problem.message]);
}
at("services").setAttribute("aria-busy", "false");
