// Variables in queries, legends and addresses, filled in as Grafana does: the same rules as in tests/dashboard_queries.py.

const SCRAPE_SECONDS = 5; // the data source's `timeInterval`
// Names do not begin with a digit: ${1} is label_replace's.
const USE = /\$\{(?<braced>[A-Za-z_][\w.]*)(?::(?<format>\w+))?\}|\$(?<bare>[A-Za-z_]\w*)|\[\[(?<old>[A-Za-z_]\w*)\]\]/g;
const SPECIAL = /[$^*{}[\]'+?.()|]/g;

// What `All` stands for: a regular expression already, filled in as it is.
export class Pattern {
  constructor(text) {
    this.text = text;
  }
}

export function macros({ start, end, step }) {
  const length = Math.max(1, Math.round(end - start));
  return {
    __interval: `${step}s`,
    __interval_ms: String(step * 1000),
    __auto: `${step}s`,
    __rate_interval: `${Math.max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)}s`,
    __range: `${length}s`,
    __range_s: String(length),
    __range_ms: String(length * 1000),
    __from: String(Math.round(start * 1000)),
    __to: String(Math.round(end * 1000)),
  };
}

// For a regular expression in a quoted string of PromQL or LogQL: each backslash twice.
export const escape = (value) => value.replaceAll("\\", "\\\\\\\\").replace(SPECIAL, "\\\\$&");

function written(value, format) {
  if (value instanceof Pattern) {
    return value.text;
  }
  if (typeof value === "string") {
    return format === "raw" ? value : value.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  }
  const several = value.map(escape);
  return several.length === 1 ? several[0] : `(${several.join("|")})`;
}

export function fill(text, values, span) {
  const own = macros(span);
  return text.replace(USE, (...found) => {
    const { braced, bare, old, format } = found.at(-1);
    const name = braced ?? bare ?? old;
    if (name in own) {
      return own[name];
    }
    if (!(name in values)) {
      throw new Error(`The dashboard has no variable $${name}.`);
    }
    return written(values[name], format);
  });
}

export const legend = (template, labels) => template.replace(/\{\{\s*([^}]+?)\s*\}\}/g, (_, name) => labels[name] ?? "");

// The address of a data link: the time that is looked at, and labels or columns of what was clicked.
export function address(url, { range, labels = {}, fields = {} }) {
  return url.replace("${__url_time_range}", `from=${encodeURIComponent(range.from)}&to=${encodeURIComponent(range.to)}`)
    .replace(/\$\{__field\.labels\.([^:}]+)(?::percentencode)?\}/g, (_, name) => encodeURIComponent(labels[name] ?? ""))
    .replace(/\$\{__data\.fields\.([^:}]+)(?::percentencode)?\}/g, (_, name) => encodeURIComponent(fields[name] ?? ""));
}
