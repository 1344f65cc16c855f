// Renders the OpenAPI document as forms. Content of the document and of responses is inserted as text, never as markup.

const place = document.getElementById("operations");
const token = document.getElementById("token");

const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
};

// Returns an initial body with example values of the types in the schema.
const example = (schema, all, depth = 0) => {
  if (schema.$ref) return example(all[schema.$ref.split("/").pop()], all, depth);
  if (schema.type === "object" && depth < 5) {
    const properties = Object.entries(schema.properties ?? {});
    return Object.fromEntries(properties.map(([name, one]) => [name, named(name) ?? example(one, all, depth + 1)]));
  }
  if (schema.type === "array") return [example(schema.items, all, depth + 1)];
  if (schema.type === "integer" || schema.type === "number") return schema.minimum ?? 1;
  return "";
};
const named = (name) => ({ product_id: "brass-desk-lamp", email: "you@example.com", quantity: 1 })[name];

const send = async (method, path, operation, form, answer) => {
  const url = new URL(path.replace(/{(\w+)}/g, (_, name) => encodeURIComponent(form[`path:${name}`].value)), location);
  const headers = {};
  for (const parameter of operation.parameters) {
    const value = form[`${parameter.in}:${parameter.name}`]?.value;
    if (!value) continue;
    if (parameter.in === "query") url.searchParams.set(parameter.name, value);
    if (parameter.in === "header") headers[parameter.name] = value;
  }
  if (token.value.trim()) headers.Authorization = `Bearer ${token.value.trim()}`;
  const options = { method: method.toUpperCase(), headers };
  if (form.body) {
    headers["Content-Type"] = "application/json";
    options.body = form.body.value;
  }
  answer.textContent = "…";
  try {
    const response = await fetch(url, options);
    const text = await response.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown unchanged */ }
    const ids = ["x-request-id", "x-trace-id", "location", "ratelimit-remaining", "retry-after", "cache-control"]
      .filter((name) => response.headers.get(name)).map((name) => `${name}: ${response.headers.get(name)}`);
    answer.textContent = [`${response.status} ${response.statusText}`, ...ids, "", shown].join("\n");
    const given = /"access_token":\s*"([^"]+)"/.exec(text);
    if (given) token.value = given[1];
  } catch (error) {
    answer.textContent = `The request failed: ${error.message}`;
  }
};

const draw = (path, method, operation, schemas) => {
  const form = {};
  const answer = make("pre", { "aria-live": "polite" });
  const fields = operation.parameters.map((parameter) => {
    const input = make("input", { spellcheck: "false", ...(parameter.required ? { required: "" } : {}) });
    form[`${parameter.in}:${parameter.name}`] = input;
    return make("label", {}, `${parameter.name} (${parameter.in})`, input);
  });
  const schema = operation.requestBody?.content["application/json"].schema;
  if (schema) {
    form.body = make("textarea", { spellcheck: "false" });
    form.body.value = JSON.stringify(example(schema, schemas), null, 2);
    fields.push(make("label", {}, "body", form.body));
  }
  const go = make("button", { type: "submit" }, "Send");
  const submit = (event) => { event.preventDefault(); send(method, path, operation, form, answer); };
  return make("details", {},
    make("summary", {}, make("span", { class: "method" }, method), make("code", {}, path), ` — ${operation.summary}`),
    make("form", { onsubmit: submit }, ...fields, go), answer);
};

try {
  const described = await (await fetch("openapi.json")).json();
  const groups = {};
  for (const [path, methods] of Object.entries(described.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      (groups[operation.tags[0]] ??= []).push(draw(path, method, operation, described.components.schemas));
    }
  }
  place.replaceChildren(...Object.entries(groups).map(([tag, nodes]) => make("section", {}, make("h2", {}, tag), ...nodes)));
} catch (error) {
  place.textContent = `The document could not be loaded: ${error.message}`;
}
