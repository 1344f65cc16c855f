// Formats numbers, durations and times as text. Supports the Grafana units that the dashboards use.

const LOCALE = "en-GB"; // for the thousands separators
const minus = (text) => text.replace("-", "−");

export function rounded(value, decimals) {
  if (decimals !== undefined && decimals !== null) {
    return minus(value.toLocaleString(LOCALE, { minimumFractionDigits: decimals, maximumFractionDigits: decimals, signDisplay: "negative" }));
  }
  const size = Math.abs(value);
  if (size === 0) {
    return "0";
  }
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.01 ? 3 : 4;
  return minus(value.toLocaleString(LOCALE, { maximumFractionDigits: digits, signDisplay: "negative" }));
}

export const grouped = (value) => value.toLocaleString(LOCALE);

function scaled(value, base, suffixes, decimals) {
  let place = 0;
  let left = value;
  while (Math.abs(left) >= base && place < suffixes.length - 1) {
    left /= base;
    place += 1;
  }
  return `${rounded(left, decimals)}${suffixes[place]}`;
}

export function seconds(value, decimals) {
  const size = Math.abs(value);
  if (size === 0) {
    return "0 s";
  }
  if (size < 0.001) {
    return `${rounded(value * 1e6, decimals ?? 0)} µs`;
  }
  if (size < 1) {
    return `${rounded(value * 1e3, decimals ?? (size < 0.01 ? 1 : 0))} ms`;
  }
  if (size < 120) {
    return `${rounded(value, decimals ?? (size < 10 ? 2 : 1))} s`;
  }
  if (size < 7200) {
    return `${rounded(value / 60, decimals ?? 1)} min`;
  }
  return size < 172800 ? `${rounded(value / 3600, decimals ?? 1)} h` : `${rounded(value / 86400, decimals ?? 1)} d`;
}

export const ms = (value) => seconds(value / 1000);
export const percent = (value, decimals) => value === 0 ? "0 %" : `${rounded(value * 100, decimals ?? (Math.abs(value) < 0.1 && value !== 0 ? 2 : 1))} %`;
export const short = (value, decimals) => scaled(value, 1000, ["", " k", " M", " G", " T"], decimals);

const UNITS = {
  none: rounded,
  short,
  s: seconds,
  ms: (value, decimals) => seconds(value / 1000, decimals),
  percentunit: percent,
  percent: (value, decimals) => percent(value / 100, decimals),
  ops: (value, decimals) => `${short(value, decimals)}/s`,
  reqps: (value, decimals) => `${short(value, decimals)}/s`,
  bytes: (value, decimals) => scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"], decimals),
  decbytes: (value, decimals) => scaled(value, 1000, [" B", " kB", " MB", " GB", " TB"], decimals),
  Bps: (value, decimals) => `${scaled(value, 1000, [" B", " kB", " MB", " GB"], decimals)}/s`,
  binBps: (value, decimals) => `${scaled(value, 1024, [" B", " KiB", " MiB", " GiB"], decimals)}/s`,
  currencyEUR: (value, decimals) => `€ ${short(value, decimals)}`,
  dateTimeAsIso: (value) => new Date(value).toISOString().slice(0, 19).replace("T", " "),
};

export function inUnit(value, unit, decimals) {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return "–";
  }
  if (unit?.startsWith("suffix:")) {
    return rounded(value, decimals) + unit.slice(7);
  }
  return (UNITS[unit ?? "none"] ?? rounded)(value, decimals);
}

const two = (number) => String(number).padStart(2, "0");

export function clock(moment, withMillis = false) {
  const date = new Date(moment);
  const text = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return withMillis ? `${text}.${String(date.getMilliseconds()).padStart(3, "0")}` : text;
}

export function day(moment) {
  const date = new Date(moment);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

export function ago(moment, now = Date.now()) {
  const passed = Math.max(0, (now - new Date(moment).getTime()) / 1000);
  if (passed < 90) {
    return `${Math.round(passed)} s ago`;
  }
  return passed < 5400 ? `${Math.round(passed / 60)} min ago` : passed < 129600 ? `${Math.round(passed / 3600)} h ago` : `${Math.round(passed / 86400)} d ago`;
}
