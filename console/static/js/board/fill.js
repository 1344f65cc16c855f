// Interpolation of variables in queries, legends and URLs, with the rules of Grafana (see also tests/dashboard_queries.py).

const SCRAPE_SECONDS = 5; // the data source's `timeInterval`
// Names do not start with a digit: ${1} is a reference in label_replace.
const USE = /\$\{(?<braced>[A-Za-z_][\w.]*)(?::(?<format>\w+))?\}|\$(?<bare>[A-Za-z_]\w*)|\[\[(?<old>[A-Za-z_]\w*)\]\]/g;
const SPECIAL = /[$^*{}[\]'+?.()|]/g;

// The value of `All` is a regular expression already and is not escaped.
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

// Escapes a value for a regular expression in a quoted string of PromQL or LogQL: each backslash is doubled.
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

// The URL of a data link, with the current time range and the labels or columns of the clicked item.
export function address(url, { range, labels = {}, fields = {} }) {
  return url.replace("${__url_time_range}", `from=${encodeURIComponent(range.from)}&to=${encodeURIComponent(range.to)}`)
    .replace(/\$\{__field\.labels\.([^:}]+)(?::percentencode)?\}/g, (_, name) => encodeURIComponent(labels[name] ?? ""))
    .replace(/\$\{__data\.fields\.([^:}]+)(?::percentencode)?\}/g, (_, name) => encodeURIComponent(fields[name] ?? ""));
}
