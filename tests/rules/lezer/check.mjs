// Reads a JSON array of queries from standard input; writes for each the place of the first error that Grafana's grammar
// of LogQL finds in it, or null. Node finds the package beside this file, so it is copied to where that is installed.
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
