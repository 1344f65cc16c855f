// A trace as a waterfall and as a graph of the calls between its services.

import { h, put } from "../../dom.js";
import { seconds } from "../../format.js";
import { drawMap } from "../../map/draw.js";
import { waterfall } from "../../request/waterfall.js";

const traceOf = (panel, results) => panel.targets.map((target) => results[target.refId]?.trace).find(Boolean);

function* spansOf(parts) {
  for (const part of parts) {
    if (part.type === "span") {
      yield part;
      yield* spansOf(part.parts);
    }
  }
}

export function traces(place, panel) {
  let known = "";

  return {
    show(results) {
      const trace = traceOf(panel, results);
      if (!trace) {
        return false;
      }
      const signature = `${trace.trace_id} ${trace.spans}`;
      if (signature !== known || !place.hasChildNodes()) {
        known = signature;
        put(place, h("div", { class: "cells", tabindex: 0, role: "region", "aria-label": panel.title },
          h("p", { class: "actions indented" }, h("a", { href: `/requests/${encodeURIComponent(trace.trace_id)}` }, "Show this request with log lines and findings")),
          waterfall({ trace }).element));
      }
      return true;
    },
  };
}

// The services and their calls. Each edge has the number of calls, the duration of the slowest (instead of p95), and the number of failures.
export function graphOf(trace) {
  const nodes = new Map();
  const edges = new Map();
  const node = (id, kind) => nodes.set(id, nodes.get(id) ?? { id, name: id, kind });
  const edge = (from, to, span) => {
    const one = edges.get(`${from}\n${to}`) ?? { from, to, calls: 0, failed: 0, p95: 0 };
    edges.set(`${from}\n${to}`, { ...one, calls: one.calls + 1, failed: one.failed + (span.error ? 1 : 0), p95: Math.max(one.p95, span.duration_ms / 1000) });
  };
  const all = [...spansOf(trace.parts)];
  const byId = new Map(all.map((span) => [span.span_id, span]));
  for (const span of all) {
    node(span.service, "service");
    const parent = byId.get(span.parent_id);
    if (parent && parent.service !== span.service) {
      edge(parent.service, span.service, span);
    }
    const store = /^(mongodb|redis)\b/.exec(span.peer)?.[1];
    if (store) {
      node(store, "store");
      edge(span.service, store, span);
    }
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

const label = (edge) => [`${edge.calls} ×`, seconds(edge.p95), ...(edge.failed ? [`✕ ${edge.failed}`] : [])].join(" · ");

export function nodeGraph(place, panel) {
  return {
    show(results) {
      const trace = traceOf(panel, results);
      if (!trace) {
        return false;
      }
      put(place, h("div", { class: "map whole" }, drawMap(graphOf(trace), label)));
      return true;
    },
  };
}
