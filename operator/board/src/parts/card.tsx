// A machine: what waits for it, what it does now, when it will be done.
import type { Card } from "../api/types";
import { now } from "../state/live";
import { language } from "../state/preferences";
import { go } from "../state/route";
import { clock, count, duration, moment } from "../words/format";
import { words } from "../words/index";
import { Count } from "./basics";
import { etaText } from "./eta";
import { State } from "./icon";

export function MachineCard({ card, zone }: { card: Card; zone: string }) {
  return (
    <article class={`card ${card.state}`} aria-labelledby={`card-${card.key}`}>
      <header>
        <h3 id={`card-${card.key}`} title={words.value.stagesHere(card.stages.join(", "))}>
          {card.label}
        </h3>
        <CardState card={card} />
        <Slots card={card} />
      </header>
      <p class="card-counts">
        <span class="big">
          <Count value={card.pending} />
        </span>{" "}
        {words.value.waiting}
        <More value={card.deferred_pending} tone="away" word={words.value.deferred} />
        <More value={card.failed} tone="bad" word={words.value.failed} />
      </p>
      <Current card={card} />
      <Away card={card} zone={zone} />
      <footer>
        <span>
          {words.value.doneLastHour(count(card.done_1h, language.value))}
          <span class="dot">·</span>
          {words.value.doneSinceMidnight(count(card.done_today, language.value))}
        </span>
        <strong>{footOf(card)}</strong>
      </footer>
    </article>
  );
}

function More({ value, tone, word }: { value: number; tone: string; word: string }) {
  if (!value) return null;
  const text = words.value.counted(count(value, language.value), word);
  return <span class={`more tone-${tone}`}>{text}</span>;
}

function footOf(card: Card): string {
  const until = etaText(card.eta, language.value);
  if (until) return card.eta.range ? words.value.doneIn(until) : until;
  return card.deferred_pending ? words.value.afterItWakes : "";
}

function CardState({ card }: { card: Card }) {
  const word = wordOf(card);
  return <State word={word} text={words.value[word]} />;
}

/** The API's word says what was done lately: of a machine that is away it would be `active`. */
export function wordOf(card: Card): Card["state"] | "away" | "noNode" {
  if (card.nodes_ready === 0 && card.pending > 0 && card.state === "idle") return "noNode";
  return card.away_since ? "away" : card.state;
}

/** A box a slot, filled where it is used; as text too. */
function Slots({ card }: { card: Card }) {
  const total = card.slots_total;
  const boxes = Math.min(12, Math.max(total ?? 0, card.slots_used));
  const text = `${total === null ? words.value.unknown : card.slots_used}/${total ?? words.value.unknown}`;
  return (
    <span class="slots">
      <svg width={boxes * 10} height="12" aria-hidden="true" class="tone-work">
        {Array.from({ length: boxes }, (_, place) => (
          <rect
            key={place}
            x={place * 10 + 1}
            y="2"
            width="7"
            height="8"
            class={place < card.slots_used ? "used" : "free"}
          />
        ))}
      </svg>
      <span class="hidden">{words.value.slots} </span>
      {text}
    </span>
  );
}

function Current({ card }: { card: Card }) {
  const rest = card.processing - card.current.length;
  return (
    <ul class="current">
      {card.current.map((work) => (
        <li key={`${work.namespace}/${work.run}/${work.stage}`}>
          <button
            type="button"
            class="link"
            onClick={() => go("run", [work.namespace, work.run, work.stage])}
          >
            {work.title}
          </button>
          <span class="what">{work.stage}</span>
          <span class="spent">{spentOn(work)}</span>
        </li>
      ))}
      {rest > 0 ? <li class="muted">{words.value.more(rest)}</li> : null}
    </ul>
  );
}

function spentOn(work: Card["current"][number]): string {
  if (!work.started_at) return "";
  const spent = duration((now.value - Date.parse(work.started_at)) / 1000, language.value, true);
  if (work.usual_seconds === null) return spent;
  return words.value.usually(spent, duration(work.usual_seconds, language.value, true));
}

function Away({ card, zone }: { card: Card; zone: string }) {
  if (card.state !== "deferred" && !card.away_since) return null;
  const { awaySince, fallbackAt, sinceUnknown } = words.value;
  return (
    <p class="away">
      {card.away_since
        ? awaySince(moment(card.away_since, zone, now.value, language.value))
        : sinceUnknown}
      {card.fallback_at ? <span>{fallbackAt(clock(card.fallback_at, zone))}</span> : null}
    </p>
  );
}
