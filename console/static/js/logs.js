// The logs page: a live tail by server-sent events, or by polling when all live connections are in use.

import { ask, getJson } from "./api.js";
import { at, empty, put } from "./dom.js";
import { lineRow } from "./lines.js";

const MOST = 1000;
const lines = at("lines");
let stream = null;
let timer = 0;
let isPaused = false;
let waiting = [];
let seen = new Set();

const given = new URLSearchParams(location.search);
// A link from an alert or a runbook can contain a LogQL query. Using a filter replaces the query.
let logql = given.get("query") ?? "";

const asked = () => {
  if (logql) {
    return new URLSearchParams({ query: logql });
  }
  const query = new URLSearchParams();
  for (const id of ["service", "level", "text", "id"]) {
    const value = at(id).value.trim();
    if (value) {
      query.set(id, value);
    }
  }
  return query;
};

function setStatus(text, state) {
  at("state").textContent = text;
  at("pulse").className = `pulse ${state}`;
}

function add(all) {
  // The first event of the stream can repeat lines of the first response.
  const fresh = all.filter((line) => !seen.has(line.ns + line.message));
  if (!fresh.length) {
    return;
  }
  // A stream that reconnects repeats its last lines.
  seen = new Set([...seen, ...fresh.map((line) => line.ns + line.message)].slice(-2 * MOST));
  if (isPaused) {
    waiting = [...waiting, ...fresh].slice(-MOST);
    setStatus(`Paused, ${waiting.length} new`, "");
    return;
  }
  lines.querySelector(".empty")?.remove();
  const isAtTop = lines.scrollTop < 40;
  const height = lines.scrollHeight;
  lines.prepend(...fresh.map(lineRow).reverse());
  while (lines.childElementCount > MOST) {
    lines.lastElementChild.remove();
  }
  if (!isAtTop) {
    lines.scrollTop += lines.scrollHeight - height;
  }
}

function follow(query) {
  stream = new EventSource(`/api/logs/tail?${query}`);
  stream.addEventListener("open", () => setStatus("Live", "on"));
  stream.addEventListener("lines", (event) => add(JSON.parse(event.data)));
  stream.addEventListener("behind", () => isPaused || setStatus("Live, but some lines are omitted because there are too many", "on"));
  stream.addEventListener("trouble", (event) => setStatus(JSON.parse(event.data), "off"));
  stream.addEventListener("error", () => {
    if (stream?.readyState === EventSource.CLOSED) {
      stream = null;
      setStatus("All live connections are in use; polling every 5 s", "on");
      timer = setTimeout(begin, 5000);
    } else {
      setStatus("Reconnecting …", "off");
    }
  });
}

async function begin() {
  stream?.close();
  stream = null;
  clearTimeout(timer);
  const query = asked();
  at("logql").hidden = !logql;
  at("logql-text").textContent = logql;
  history.replaceState(null, "", query.size ? `/logs?${query}` : "/logs");
  try {
    const found = await getJson(`/api/logs?${query}`);
    if (found.lines.length) {
      put(lines, found.lines.map(lineRow));
    } else {
      put(lines, empty("No log lines match these filters in the last 15 minutes. New lines appear here as they arrive."));
    }
    seen = new Set(found.lines.map((line) => line.ns + line.message));
    follow(query);
  } catch (problem) {
    put(lines, empty(problem.message));
    setStatus("Not connected", "off");
    timer = setTimeout(begin, 5000);
  }
}

let typing;
at("filters").addEventListener("submit", (event) => event.preventDefault());
at("filters").addEventListener("input", () => {
  logql = "";
  clearTimeout(typing);
  typing = setTimeout(begin, 350);
});
at("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  at("pause").setAttribute("aria-pressed", String(isPaused));
  at("pause").textContent = isPaused ? "Resume" : "Pause";
  if (!isPaused) {
    add(waiting.splice(0));
    setStatus("Live", "on");
  } else {
    setStatus("Paused", "");
  }
});
at("no-logql").addEventListener("click", () => {
  logql = "";
  begin();
});
at("clear").addEventListener("click", () => put(lines));
addEventListener("pagehide", () => stream?.close());

for (const id of ["level", "text", "id"]) {
  at(id).value = given.get(id) ?? "";
}
try {
  const now = Date.now() / 1000;
  const found = await ask([{ id: "services", source: "prometheus", kind: "labels", label: "job", expr: "up", start: now - 3600, end: now }]);
  const names = new Set([...(found.services.values ?? []), "worker", "api", "payments", "nginx"].filter((name) => name !== "spans"));
  at("service").append(...[...names].sort().map((name) => new Option(name, name)));
} catch {
  // Without the list of services, the filter by text still works.
}
at("service").value = given.get("service") ?? "";
begin();
