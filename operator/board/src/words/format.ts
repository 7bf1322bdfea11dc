// Numbers, durations and times as people read them, in both languages.
import type { Language } from "../state/preferences";

const UNITS = {
  en: { s: " s", min: " min", h: " h", d: " d", to: " to " },
  ko: { s: "초", min: "분", h: "시간", d: "일", to: "~" },
} as const;

/** `45 s`, `3 min 10 s`, `25 min`, `2 h 5 min`, `3 d 4 h`; `coarse`: no seconds from 2 min on. */
export function duration(seconds: number, language: Language, coarse = false): string {
  const unit = UNITS[language];
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const two = (large: number, a: string, small: number, b: string) =>
    small ? `${large}${a} ${small}${b}` : `${large}${a}`;
  if (whole < 120) return `${whole}${unit.s}`;
  if (minutes < 10 && !coarse) return two(minutes, unit.min, whole % 60, unit.s);
  if (hours < 1) return `${minutes}${unit.min}`;
  if (days < 1) return two(hours, unit.h, minutes % 60, unit.min);
  return two(days, unit.d, hours % 24, unit.h);
}

/** `30 to 45 min`; one where both read alike; empty where nothing is known. */
export function span(p50: unknown, p90: unknown, language: Language): string {
  if (typeof p50 !== "number" || typeof p90 !== "number") return "";
  const [low, high] = [upToWhole(p50), upToWhole(p90)];
  if (low === high) return duration(high, language, true);
  const [a, b] = [duration(low, language, true), duration(high, language, true)];
  const unit = UNITS[language];
  const both = low < 7200 && high < 3600 && low >= 120;
  return `${both ? a.slice(0, -unit.min.length) : a}${unit.to}${b}`;
}

/** Up to whole minutes, from 2 h on to five. */
function upToWhole(seconds: number): number {
  const step = seconds < 7200 ? 60 : 300;
  return Math.max(60, Math.ceil(seconds / step) * step);
}

export function count(value: number, language: Language): string {
  return new Intl.NumberFormat(language).format(value);
}

const known = new Map<string, Intl.DateTimeFormat>();

function formatter(
  name: string,
  language: string,
  options: Intl.DateTimeFormatOptions,
): Intl.DateTimeFormat {
  const key = `${name} ${language} ${options.timeZone}`;
  const found = known.get(key) ?? new Intl.DateTimeFormat(language, options);
  known.set(key, found);
  return found;
}

/** `14:25` by a zone's clock; `?` where it is not known. */
export function clock(moment: unknown, zone: string, seconds = false): string {
  const at = typeof moment === "number" ? moment : Date.parse(String(moment ?? ""));
  if (Number.isNaN(at)) return "?";
  const hour: Intl.DateTimeFormatOptions = {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: zone,
  };
  return seconds
    ? formatter("seconds", "en-GB", { ...hour, second: "2-digit" }).format(at)
    : formatter("minutes", "en-GB", hour).format(at);
}

/** The clock alone today, with the day before it on others: `2 Dec 13:51`, `12월 2일 13:51`. */
export function moment(at: string | number, zone: string, now: number, language: Language): string {
  const day = formatter("day", "en-CA", { timeZone: zone, dateStyle: "short" });
  const when = typeof at === "number" ? at : Date.parse(at);
  if (Number.isNaN(when)) return "?";
  const time = clock(when, zone);
  if (day.format(when) === day.format(now)) return time;
  const locale = language === "ko" ? "ko" : "en-GB";
  const shown = formatter("month", locale, { timeZone: zone, day: "numeric", month: "short" });
  return `${shown.format(when)} ${time}`;
}

/** The last part of a zone's name: `Asia/Seoul` is Seoul. */
export function zoneName(zone: string): string {
  return (zone.split("/").at(-1) ?? zone).replaceAll("_", " ");
}

/** A title in so many letters, its middle left out. */
export function middleCut(text: string, letters = 24): string {
  const shown = text.replace(/\s+/g, " ").trim();
  const marks = [...shown];
  if (marks.length <= letters) return shown;
  const half = Math.floor((letters - 1) / 2);
  return `${marks.slice(0, letters - 1 - half).join("")}…${marks.slice(-half).join("")}`;
}

/** A text in so many letters, its end left out. */
export function cut(text: string, letters: number): string {
  const marks = [...text];
  return marks.length <= letters
    ? text
    : `${marks
        .slice(0, letters - 1)
        .join("")
        .trimEnd()}…`;
}
