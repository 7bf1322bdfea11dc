// The one sentence on top, from the code that the service has decided on: `LEAD: clause; note.`
import type { Args, Code, Headline } from "../api/types";
import type { Language } from "../state/preferences";
import { clock, count, cut, duration, middleCut, span } from "./format";
import { CATALOGUES } from "./index";

export const MOST_LETTERS = 120;

export interface Sentence {
  lead: string;
  /** All behind the colon. */
  rest: string;
}

export function sentence(headline: Headline, zone: string, language: Language): Sentence {
  const lead = leadOf(headline, language);
  let said = clauseOf(headline.code, headline.args, zone, language);
  for (const note of headline.notes) {
    const more = `${said}; ${noteOf(note.code, note.args, zone, language)}`;
    if (lead.length + 2 + more.length < MOST_LETTERS) said = more;
  }
  return { lead, rest: `${cut(said, MOST_LETTERS - lead.length - 3)}.` };
}

export function written({ lead, rest }: Sentence): string {
  return `${lead}: ${rest}`;
}

function isAtRest(headline: Headline): boolean {
  return headline.code === "failing" && !headline.args.failed_1h;
}

function leadOf(headline: Headline, language: Language): string {
  const { lead } = CATALOGUES[language];
  if (isAtRest(headline)) return lead.needsYou;
  if (headline.code === "away") return lead.away(text(headline.args.machine));
  return lead[headline.code];
}

function clauseOf(code: Code, args: Args, zone: string, language: Language): string {
  const { clause } = CATALOGUES[language];
  const number = (name: string) => whole(args[name], language);
  const spent = (name: string) =>
    typeof args[name] === "number" ? duration(args[name], language, true) : "";
  const at = (name: string) => (args[name] ? clock(args[name], zone) : "");
  switch (code) {
    case "well":
      return clause.well(number("done_today"), spent("last_seconds"));
    case "working":
      return clause.working(
        number("running"),
        number("waiting"),
        args.waiting ? span(args.p50_seconds, args.p90_seconds, language) : "",
      );
    case "away":
      return clause.away(at("since"), number("deferred"), at("fallback_at"));
    case "stuck":
      return clause.stuck(
        middleCut(text(args.title)),
        text(args.stage),
        spent("seconds"),
        causeOf(args),
      );
    case "failing":
      return args.failed_1h
        ? clause.failing(number("failed_1h"), number("at_stage"), text(args.stage), causeOf(args))
        : clause.needsYou(number("failed"), number("at_stage"), text(args.stage), causeOf(args));
    case "behind":
      return clause.behind(text(args.stage), number("inflow"), number("done"));
    case "history_away":
      return clause.history_away(spent("seconds"));
    case "not_live":
      return clause.not_live(text(args.since), text(args.seconds));
    case "no_rights":
      return clause.no_rights(text(args.what));
    case "not_installed":
      return clause.not_installed();
    case "idle":
      return clause.idle(spent("last_seconds"));
    case "night":
      return clause.night(number("deferred"), text(args.machine));
  }
}

function noteOf(code: Code, args: Args, zone: string, language: Language): string {
  const { note } = CATALOGUES[language];
  const number = (name: string) => whole(args[name], language);
  if (code === "stuck") return note.stuck(number("count"), text(args.stage));
  if (code === "failing") return note.failing(number("failed"), text(args.stage));
  if (code === "away") return note.away(number("deferred"), text(args.machine));
  return clauseOf(code, args, zone, language);
}

/** `ImagePullFailed: no such image` leaves its one word to the table. */
function causeOf(args: Args): string {
  return withoutReason(text(args.cause)).replace(/[.\s]+$/, "");
}

/** A cause without the one word before it. */
export function withoutReason(cause: string): string {
  return cause.replace(/^[A-Z][A-Za-z]+: (?=\S)/, "").replace(/\s+/g, " ");
}

function text(value: unknown): string {
  return value === null || value === undefined ? "" : String(value);
}

function whole(value: unknown, language: Language): string {
  return typeof value === "number" ? count(value, language) : "–";
}
