// The one sentence, and the counts under it.
import { useSignal, useSignalEffect } from "@preact/signals";
import type { Board, Code } from "../api/types";
import { notLive, retryInSeconds, seenAt } from "../state/live";
import { language } from "../state/preferences";
import { clock } from "../words/format";
import { words } from "../words/index";
import { type Sentence, sentence, written } from "../words/sentence";
import { Count } from "./basics";
import { Icon, type Shape, type Tone } from "./icon";

const LOOKS: Record<Code, { shape: Shape; tone: Tone }> = {
  well: { shape: "done", tone: "good" },
  working: { shape: "run", tone: "work" },
  away: { shape: "deferred", tone: "away" },
  stuck: { shape: "stuck", tone: "warn" },
  failing: { shape: "failed", tone: "bad" },
  behind: { shape: "stuck", tone: "warn" },
  history_away: { shape: "suspected", tone: "warn" },
  not_live: { shape: "suspected", tone: "warn" },
  no_rights: { shape: "stuck", tone: "warn" },
  not_installed: { shape: "stuck", tone: "warn" },
  idle: { shape: "wait", tone: "wait" },
  night: { shape: "deferred", tone: "away" },
};

/** Of the board; when it is not live, that is what there is to say. */
export function sentenceOf(board: Board): { code: Code; said: Sentence } {
  const { zone } = board;
  if (notLive.value) {
    const args = { since: clock(seenAt.value, zone, true), seconds: retryInSeconds.value };
    const headline = { code: "not_live" as const, args, notes: [] };
    return { code: "not_live", said: sentence(headline, zone, language.value) };
  }
  return { code: board.headline.code, said: sentence(board.headline, zone, language.value) };
}

export function lookOf(code: Code): { shape: Shape; tone: Tone } {
  return LOOKS[code];
}

export function Sentences({ board }: { board: Board }) {
  const { code, said } = sentenceOf(board);
  const look = LOOKS[code];
  return (
    <div
      class={`headline tone-${look.tone} tint-${look.tone}`}
      role={code === "not_live" ? "alert" : undefined}
    >
      <Icon {...look} size={28} />
      <h1 id="sentence" tabIndex={-1}>
        <b>{said.lead}:</b> <span>{said.rest}</span>
      </h1>
    </div>
  );
}

export function Counts({ board }: { board: Board }) {
  const said = words.value;
  const { totals } = board;
  const places: [string, number, Shape, Tone, string][] = [
    ["running", totals.processing, "run", "work", said.running],
    ["waiting", totals.pending, "wait", "wait", said.waiting],
    ["deferred", totals.deferred, "deferred", "away", said.deferred],
    ["failed", totals.failed, "failed", "bad", said.failed],
  ];
  return (
    <ul class="counts">
      {places.map(([key, value, shape, tone, text]) => (
        <li key={key}>
          <a href={key === "failed" ? "#attention" : "#stages"} onClick={jump}>
            <Icon shape={shape} tone={value ? tone : "wait"} size={20} />
            <span class="big">
              <Count value={value} />
            </span>
            <span>{text}</span>
          </a>
        </li>
      ))}
      {totals.held ? (
        <li>
          <span class="plain">
            <Icon shape="paused" tone="wait" size={20} />
            <span class="big">{totals.held}</span> <span>{said.held}</span>
          </span>
        </li>
      ) : null}
    </ul>
  );
}

/** To a part of this page: the fragment of the address is the page itself. */
function jump(event: Event & { currentTarget: HTMLAnchorElement }): void {
  event.preventDefault();
  const place = document.querySelector<HTMLElement>(event.currentTarget.hash);
  place?.focus();
  place?.scrollIntoView({ block: "start" });
}

const QUIET_MS = 15_000;

/** Screen readers hear a new code, or more that failed or is stuck; at most every 15 s. */
export function Spoken({ board }: { board: Board }) {
  const text = useSignal("");
  const before = useSignal({ code: "", bad: 0, at: 0 });
  useSignalEffect(() => {
    const { code, said } = sentenceOf(board);
    const bad = board.totals.failed + board.totals.stuck;
    const last = before.peek();
    const isNews = code !== last.code || bad > last.bad;
    if (!isNews || Date.now() - last.at < QUIET_MS) return;
    before.value = { code, bad, at: Date.now() };
    text.value = written(said);
  });
  return (
    <p class="hidden" role="status">
      {text.value}
    </p>
  );
}
