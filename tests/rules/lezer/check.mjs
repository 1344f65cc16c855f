// Reads a JSON array of queries from standard input; writes for each the position of the first error that Grafana's
// LogQL grammar finds, or null. Node resolves packages next to this file, so it is copied to where the package is.
import { readFileSync } from "node:fs";
import { parser } from "@grafana/lezer-logql";

function firstError(query) {
  let found = null;
  parser.parse(query).iterate({
    enter(node) {
      if (node.type.isError && found === null) {
        found = node.from;
      }
    },
  });
  return found;
}

const queries = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(queries.map(firstError)));
