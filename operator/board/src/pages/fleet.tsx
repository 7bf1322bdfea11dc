// The machine classes: slots, who holds them, since when one is away.
import type { Card } from "../api/types";
import { Panel } from "../parts/basics";
import { wordOf } from "../parts/card";
import { etaText } from "../parts/eta";
import { State } from "../parts/icon";
import { board, now } from "../state/live";
import { language } from "../state/preferences";
import { clock, count, duration, moment } from "../words/format";
import { words } from "../words/index";

export function FleetPage() {
  const shown = board.value;
  if (!shown) return <h1 class="muted">{words.value.loading}…</h1>;
  // What is not ready is what one looks for.
  const cards = [...shown.machines].sort((a, b) => Number(!!b.away_since) - Number(!!a.away_since));
  return (
    <>
      <h1 class="page-title" id="sentence" tabIndex={-1}>
        {words.value.fleet}
      </h1>
      {cards.map((card) => (
        <Class key={card.key} card={card} zone={shown.zone} />
      ))}
    </>
  );
}

function Class({ card, zone }: { card: Card; zone: string }) {
  const said = words.value;
  const word = wordOf(card);
  const whole = (value: number | null) =>
    value === null ? said.unknown : count(value, language.value);
  return (
    <Panel
      id={`class-${card.key}`}
      title={card.label}
      aside={
        <p class="class-facts">
          <State word={word} text={said[word]} />
          <span>
            {said.slots} {whole(card.slots_total === null ? null : card.slots_used)}/
            {whole(card.slots_total)}
          </span>
          <span>{said.nodesReady(whole(card.nodes_ready), whole(card.nodes_total))}</span>
          <span>
            {whole(card.pending)} {said.waiting}
          </span>
          <span class="muted">{etaText(card.eta, language.value)}</span>
        </p>
      }
    >
      {card.away_since ? (
        <p class="away">
          {said.awaySince(moment(card.away_since, zone, now.value, language.value))} (
          {duration((now.value - Date.parse(card.away_since)) / 1000, language.value)}),{" "}
          {whole(card.deferred_pending)} {said.deferred}
          {card.fallback_at ? <span>{said.fallbackAt(clock(card.fallback_at, zone))}</span> : null}
        </p>
      ) : null}
      {card.holders.length ? <Holders card={card} /> : <p class="quiet-line">{said.nothing}</p>}
      <p class="muted">{said.stagesHere(card.stages.join(", ") || said.unknown)}</p>
    </Panel>
  );
}

function Holders({ card }: { card: Card }) {
  const said = words.value;
  return (
    <table data-rows>
      <caption class="hidden">{said.holders}</caption>
      <tbody>
        {card.holders.map((one) => (
          <tr key={`${one.namespace}/${one.run}/${one.stage}`}>
            <th scope="row" class="title">
              <a
                href={`#/run/${encodeURIComponent(one.namespace)}/${encodeURIComponent(one.run)}/${encodeURIComponent(one.stage)}`}
                data-open
              >
                {one.title}
              </a>
            </th>
            <td>{one.stage}</td>
            <td class="number">
              {one.since
                ? duration((now.value - Date.parse(one.since)) / 1000, language.value, true)
                : said.unknown}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
