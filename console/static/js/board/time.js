// The time range, in the format of Grafana URLs: `now-30m`, Unix time in ms, or a date.

const UNITS = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
const RELATIVE = /^now(?:-(\d{1,6})([smhdw]))?$/;
const STEPS = [5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400];
const LONGEST_SECONDS = 44 * 86400;

export const RANGES = [["5m", "5 minutes"], ["15m", "15 minutes"], ["30m", "30 minutes"], ["1h", "1 hour"], ["3h", "3 hours"],
  ["6h", "6 hours"], ["12h", "12 hours"], ["1d", "1 day"], ["2d", "2 days"], ["7d", "7 days"]];
export const REFRESHES = ["", "5s", "10s", "30s", "1m", "5m"];

// Unix time in seconds; null if the text is not a valid time.
export function moment(text, now = Date.now()) {
  const relative = RELATIVE.exec(text);
  if (relative) {
    return now / 1000 - (relative[1] ? Number(relative[1]) * UNITS[relative[2]] : 0);
  }
  const at = /^\d{9,14}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(at) ? at / 1000 : null;
}

export const duration = (text) => {
  const found = /^(\d{1,4})([smhdw])$/.exec(text ?? "");
  return found ? Number(found[1]) * UNITS[found[2]] : 0;
};

// The validated time range. An invalid range falls back to the default of the dashboard.
export function range({ from, to }, fallback, now = Date.now()) {
  const [start, end] = [moment(from, now), moment(to, now)];
  if (start === null || end === null || end <= start || end - start > LONGEST_SECONDS) {
    const own = { from: fallback.from, to: fallback.to };
    return { ...own, start: moment(own.from, now), end: moment(own.to, now), isRefused: true };
  }
  return { from, to, start, end, isRefused: false };
}

export const stepOf = ({ start, end }, points) => STEPS.find((step) => step >= (end - start) / points) ?? 86400;

// Aligned to the step, as in Grafana: each refresh queries the same points in time, so lines do not jitter.
export const aligned = ({ start, end }, step) => ({ start: Math.floor(start / step) * step, end: Math.floor(end / step) * step });
