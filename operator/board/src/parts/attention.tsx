// What needs a person: rows that hold still while somebody reads them, and what can be asked for.
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import type { AttentionRow, Board } from "../api/types";
import {
  answer,
  begin,
  forbiddenIn,
  learnRights,
  select,
  selected,
  type Verb,
} from "../state/acts";
import { now } from "../state/live";
import { language } from "../state/preferences";
import { go, route } from "../state/route";
import { duration } from "../words/format";
import { words } from "../words/index";
import { withoutReason } from "../words/sentence";
import { AskButton } from "./ask_dialog";
import { Panel } from "./basics";
import { State } from "./icon";

export function Attention({ board }: { board: Board }) {
  const held = useSignal(false);
  const frozen = useSignal<AttentionRow[]>([]);
  const rows = matching(board.attention, route.value.keys.q ?? "");
  if (!held.value) frozen.value = rows;
  const shown = held.value ? still(frozen.value, rows) : rows;
  const news = rows.filter((row) => !shown.some((one) => one.id === row.id)).length;
  useSignalEffect(() => {
    void learnRights(frozen.value.map((row) => row.namespace));
  });
  const all = board.totals.failed + board.totals.stuck;
  return (
    <Panel
      id="attention"
      title={`${words.value.attention} ${all || ""}`}
      aside={<Acts rows={shown} />}
    >
      <Answered />
      {shown.length === 0 ? (
        <p class="quiet-line">{words.value.nothingNeeds}</p>
      ) : (
        <div
          onPointerEnter={() => {
            held.value = true;
          }}
          onPointerLeave={() => {
            held.value = false;
          }}
          onFocusCapture={() => {
            held.value = true;
          }}
          onBlurCapture={() => {
            held.value = false;
          }}
        >
          <Table rows={shown} board={board} />
        </div>
      )}
      {news ? (
        <button
          type="button"
          class="quiet"
          onClick={() => {
            frozen.value = rows;
          }}
        >
          {news} {words.value.news}
        </button>
      ) : null}
      {all > board.attention.length ? (
        <p class="muted">{words.value.shownOf(board.attention.length, all)}</p>
      ) : null}
    </Panel>
  );
}

/** Rows in the order in which they were first seen, with their newest values. */
function still(before: AttentionRow[], rows: AttentionRow[]): AttentionRow[] {
  const newest = new Map(rows.map((row) => [row.id, row]));
  return before.map((row) => newest.get(row.id) ?? row);
}

export function matching(rows: AttentionRow[], query: string): AttentionRow[] {
  const wanted = query.normalize("NFC").toLowerCase();
  if (!wanted) return rows;
  return rows.filter((row) =>
    [row.title, row.run, row.stage, row.cause, row.id].some((text) =>
      text.normalize("NFC").toLowerCase().includes(wanted),
    ),
  );
}

/** Selected ones that are shown, by id. */
function chosen(rows: AttentionRow[]): AttentionRow[] {
  return rows.filter((row) => row.kind === "failed" && selected.value.has(row.id));
}

function Acts({ rows }: { rows: AttentionRow[] }) {
  const wanted = chosen(rows);
  if (!rows.some((row) => row.kind === "failed")) return null;
  return (
    <div class="acts">
      <ActButton verb="Retry" text={words.value.retryMany(wanted.length)} rows={wanted} />
      <ActButton verb="Skip" text={words.value.skipMany(wanted.length)} rows={wanted} />
    </div>
  );
}

function ActButton({ verb, text, rows }: { verb: Verb; text: string; rows: AttentionRow[] }) {
  const where = forbiddenIn(
    verb,
    rows.map((row) => row.namespace),
  );
  const lacks = where ? words.value.mayNot(where) : "";
  return (
    <AskButton
      text={text}
      lacks={rows.length === 0 ? words.value.selectFirst : lacks}
      onAsk={() => askFor(verb, rows)}
    />
  );
}

export function askFor(verb: Verb, rows: AttentionRow[]): void {
  void begin(verb, Object.fromEntries(rows.map((row) => [row.id, `${row.title}, ${row.stage}`])));
}

function Answered() {
  const told = answer.value;
  if (!told) return null;
  const { retryAsked, skipAsked } = words.value;
  const say = told.verb === "Retry" ? retryAsked : skipAsked;
  return (
    <div class="answered" role="alert">
      <p>{say(told.requested, told.done, told.refused.length)}</p>
      {told.refused.length ? (
        <ul>
          {told.refused.map((one) => (
            <li key={one.id}>
              <b>{one.title}</b>: {one.message}
            </li>
          ))}
        </ul>
      ) : null}
    </div>
  );
}

function Table({ rows, board }: { rows: AttentionRow[]; board: Board }) {
  const failed = rows.filter((row) => row.kind === "failed");
  const all = useComputed(() => failed.length > 0 && failed.every((r) => selected.value.has(r.id)));
  const { state, since, title, stage, attempts, cause } = words.value;
  return (
    <table class="attention rows" data-rows>
      <caption class="hidden">{words.value.attentionCaption}</caption>
      <thead>
        <tr>
          <th scope="col" class="tick">
            <input
              type="checkbox"
              aria-label={words.value.selectAll}
              checked={all.value}
              disabled={failed.length === 0}
              onChange={(event) => {
                for (const row of failed) select(row.id, event.currentTarget.checked);
              }}
            />
          </th>
          <th scope="col">{state}</th>
          <th scope="col">{since}</th>
          <th scope="col">{title}</th>
          <th scope="col" class="wide">
            {stage}
          </th>
          <th scope="col" class="number wide">
            {attempts}
          </th>
          <th scope="col" class="wide">
            {cause}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row, place) => (
          <Row key={row.id} row={row} board={board} first={place === 0} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ row, board, first }: { row: AttentionRow; board: Board; first: boolean }) {
  const since = row.seconds + (now.value - Date.parse(board.generated_at)) / 1000;
  const tries = row.max_attempts ? `${row.attempts}/${row.max_attempts}` : String(row.attempts);
  return (
    <tr data-id={row.id} data-kind={row.kind} class={`tint-${row.kind}`}>
      <td class="tick">
        {row.kind === "failed" ? (
          <input
            type="checkbox"
            tabIndex={-1}
            aria-label={words.value.select(row.title)}
            checked={selected.value.has(row.id)}
            onChange={(event) => select(row.id, event.currentTarget.checked)}
          />
        ) : null}
      </td>
      <td>
        <State word={row.kind} text={words.value[row.kind]} />
      </td>
      <td class="time">{duration(since, language.value, true)}</td>
      <td class="title">
        <button
          type="button"
          class="link"
          tabIndex={first ? 0 : -1}
          data-open
          title={`${row.namespace}/${row.run}`}
          onClick={() => go("run", [row.namespace, row.run, row.stage])}
        >
          {row.title}
        </button>
        <span class="narrow">
          {row.stage} {tries} · {withoutReason(row.cause)}
        </span>
      </td>
      <td class="wide">{row.stage}</td>
      <td class="number wide">{tries}</td>
      <td class="wide cause" title={row.cause}>
        {withoutReason(row.cause)}
      </td>
    </tr>
  );
}
