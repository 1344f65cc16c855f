// Functions that create elements. Text always becomes a text node, so content of logs and traces is never parsed as markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) {
      continue;
    }
    if (name.startsWith("on")) {
      element.addEventListener(name.slice(2), value);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function h(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function s(name, attributes, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

export function put(place, ...children) {
  const element = typeof place === "string" ? document.getElementById(place) : place;
  element.replaceChildren(...children.flat(3).filter((child) => child !== null && child !== undefined));
  return element;
}

export const at = (id) => document.getElementById(id);

// A link to a URL from untrusted data: only http(s) URLs and paths of this server become links.
export function link(url, title, attributes) {
  const text = String(url ?? "");
  const isSafe = /^https?:\/\//i.test(text) || /^\/(?![\/\\])/.test(text);
  return isSafe ? h("a", { href: text, ...attributes }, title) : h("span", {}, title);
}

export function empty(text, ...more) {
  return h("p", { class: "empty" }, text, ...more);
}

// Shows one note for each server that did not respond, at the top of the page.
export function notes(place, said) {
  put(place, (said ?? []).map((text) => h("p", { class: "note" }, text)));
}

export function pairs(values) {
  const names = Object.keys(values).sort();
  return h("dl", { class: "pairs" }, names.map((name) => [h("dt", {}, name), h("dd", {}, String(values[name]))]));
}

export function table(headings, rows) {
  return h("table", {},
    h("thead", {}, h("tr", {}, headings.map((one) => h("th", { scope: "col", class: one.num ? "num" : null }, one.title)))),
    h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell, place) => h("td", { class: headings[place].num ? "num" : headings[place].class }, cell))))));
}

let forgetting;

export function toast(text) {
  const place = at("toast");
  place.textContent = text;
  clearTimeout(forgetting);
  forgetting = setTimeout(() => place.replaceChildren(), 6000);
}
