// Batches as a list; one of them with its progress, its failures and its speed.
import type { BatchDetail, BatchList, BatchRow } from "../api/types";
import { Empty, Panel } from "../parts/basics";
import { Icon, kindOf, State } from "../parts/icon";
import { ObjectAnswered, ObjectButton } from "../parts/object_acts";
import { type Column, SortedTable } from "../parts/sorted_table";
import { learnRights } from "../state/acts";
import { usePolled } from "../state/polled";
import { language } from "../state/preferences";
import { route } from "../state/route";
import { count, span } from "../words/format";
import { words } from "../words/index";

export function BatchPage() {
  const [namespace = "", name = ""] = route.value.parts;
  return namespace && name ? <One place={`${namespace}/${name}`} /> : <All />;
}

function All() {
  const { ns = "" } = route.value.keys;
  const query = ns ? `?namespace=${encodeURIComponent(ns)}` : "";
  const { data, problem } = usePolled<BatchList>(`v1/batches${query}`);
  const said = words.value;
  return (
    <Panel top id="sentence" title={said.batches}>
      {problem ? <p role="alert">{problem.message}</p> : null}
      {data?.batches.length === 0 ? (
        <Empty
          text={said.noBatches}
          command="stagework batch submit NAME FOLDER --pipeline PIPELINE"
        />
      ) : null}
      {data?.batches.length ? (
        <SortedTable
          caption={said.batches}
          columns={columnsOf()}
          rows={data.batches}
          draw={(batch) => <Row key={batch.uid} batch={batch} />}
        />
      ) : null}
    </Panel>
  );
}

function columnsOf(): Column<BatchRow>[] {
  const said = words.value;
  return [
    { title: said.status, sort: "state", by: (batch) => batch.state },
    { title: said.title, sort: "title", by: (batch) => batch.title || batch.name },
    { title: said.progress, class: "wide", sort: "progress", by: (batch) => batch.percent },
    { title: said.itemsDone, class: "number wide", sort: "items", by: (batch) => batch.total },
    { title: said.failed, class: "number wide", sort: "failed", by: (batch) => batch.failed },
    { title: said.eta, class: "eta", sort: "eta", by: (batch) => batch.etaSeconds?.p90 ?? null },
  ];
}

function Row({ batch }: { batch: BatchRow }) {
  const whole = (value: number) => count(value, language.value);
  return (
    <tr>
      <td class="glyph">
        <State word={batch.state} />
      </td>
      <td class="title">
        <a
          href={`#/batch/${encodeURIComponent(batch.namespace)}/${encodeURIComponent(batch.name)}`}
          data-open
        >
          {batch.title || batch.name}
        </a>
        <span class="narrow">
          {batch.state} · {whole(batch.handled)}/{whole(batch.total)}
          {batch.failed ? ` · ${whole(batch.failed)} ${words.value.failed}` : ""} ·{" "}
          {batch.namespace}
        </span>
      </td>
      <td class="wide progress-cell">
        <Bar batch={batch} />
      </td>
      <td class="number wide">
        {batch.total ? `${whole(batch.handled)}/${whole(batch.total)}` : words.value.unknown}
      </td>
      <td class={`number wide ${batch.failed ? "tone-bad" : "muted"}`}>{whole(batch.failed)}</td>
      <td class="eta">{etaOf(batch)}</td>
    </tr>
  );
}

function etaOf(batch: BatchRow): string {
  const range = batch.etaSeconds;
  if (range) return span(range.p50, range.p90, language.value);
  return batch.completed ? "" : batch.eta;
}

function One({ place }: { place: string }) {
  const { data, problem } = usePolled<BatchDetail>(`v1/batches/${place}`, withNews);
  const said = words.value;
  if (problem) return <p role="alert">{`${problem.message}. ${problem.hint}`}</p>;
  if (!data) return <h1 class="muted">{said.loading}…</h1>;
  void learnRights([data.batch.namespace]);
  return <Shown detail={data} />;
}

/** Its numbers come; what else there is of it is asked for where they tell of new failures. */
function withNews(news: Record<string, unknown>, before: BatchDetail | null): BatchDetail | null {
  const batch = news.batch as BatchRow | null;
  const same = batch && before && batch.failed === before.batch.failed;
  return same ? { ...before, batch } : null;
}

export function Shown({ detail }: { detail: BatchDetail }) {
  const { batch } = detail;
  const kind = kindOf(batch.state);
  const of = { namespace: batch.namespace, name: batch.name, title: batch.title || batch.name };
  return (
    <>
      <div class={`headline tone-${kind.tone} tint-${kind.tone}`}>
        <Icon {...kind} size={28} />
        <h1 id="sentence" tabIndex={-1}>
          <b>{batch.state}:</b> <span>{sentenceOf(batch)}</span>
        </h1>
      </div>
      <div class="run-head">
        <p>
          <b>{of.title}</b>{" "}
          <span class="muted">
            {batch.namespace}/{batch.name} · {batch.pipeline}
          </span>
        </p>
        {batch.failed || batch.skipped ? (
          <div class="acts">
            <ObjectButton verb="Reprocess" of={of} />
          </div>
        ) : null}
      </div>
      <ObjectAnswered of={of} />
      <Progress batch={batch} />
      <Failures detail={detail} />
    </>
  );
}

function sentenceOf(batch: BatchRow): string {
  const said = words.value;
  const whole = (value: number) => count(value, language.value);
  const until = etaOf(batch);
  const told = said.batchStands(whole(batch.handled), whole(batch.total), whole(batch.failed));
  return [told, until ? said.doneIn(until) : "", batch.message].filter(Boolean).join("; ");
}

function Progress({ batch }: { batch: BatchRow }) {
  const said = words.value;
  const whole = (value: number) => count(value, language.value);
  return (
    <Panel
      id="progress"
      title={said.howFar}
      aside={<b>{said.handled(batch.percent.toFixed(1))}</b>}
    >
      <Bar batch={batch} />
      <p class="class-facts">
        <State word="done" text={`${whole(batch.done)} ${said.itemsDone}`} />
        {batch.failed ? (
          <State word="failed" text={`${whole(batch.failed)} ${said.failed}`} />
        ) : (
          <span class="muted">{`0 ${said.failed}`}</span>
        )}
        <State word="pending" text={`${whole(batch.total - batch.handled)} ${said.left}`} />
        <span>{said.itemsAMinute(batch.itemsPerMinute)}</span>
        {batch.chunkSize && !batch.completed ? (
          <span>
            {said.chunks(whole(batch.chunksOpen), whole(batch.chunkSize), batch.chunkSizeReason)}
          </span>
        ) : null}
      </p>
    </Panel>
  );
}

interface Alike {
  reason: string;
  message: string;
  ids: string[];
}

/** Those of one reason and one message, the most first. */
export function alike(samples: BatchDetail["failedSamples"]): Alike[] {
  const found = new Map<string, Alike>();
  for (const { id, reason, message } of samples) {
    const key = `${reason} ${message}`;
    const known = found.get(key) ?? { reason, message, ids: [] };
    known.ids.push(id);
    found.set(key, known);
  }
  return [...found.values()].sort((a, b) => b.ids.length - a.ids.length);
}

const MOST_IDS = 5;

function Failures({ detail: { batch, failedSamples } }: { detail: BatchDetail }) {
  const said = words.value;
  if (!failedSamples.length) return null;
  const isCut = failedSamples.length < batch.failed;
  return (
    <Panel
      id="failures"
      title={said.failedItems}
      aside={
        isCut ? <span class="muted">{said.shownOf(failedSamples.length, batch.failed)}</span> : null
      }
    >
      <table class="rows">
        <caption class="hidden">{said.failedItems}</caption>
        <thead>
          <tr>
            <th scope="col" class="number">
              {said.howMany}
            </th>
            <th scope="col">{said.cause}</th>
            <th scope="col" class="wide">
              {said.which}
            </th>
          </tr>
        </thead>
        <tbody>
          {alike(failedSamples).map(({ reason, message, ids }) => (
            <tr key={`${reason} ${message}`}>
              <td class="number">{count(ids.length, language.value)}</td>
              <th scope="row">
                <State word="failed" text={reason} /> {message}
              </th>
              <td class="wide muted">
                {ids.slice(0, MOST_IDS).join(", ")}
                {ids.length > MOST_IDS ? " …" : ""}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

/** Done, a gap, what failed (hatched: not by its colour alone), the rest. */
function Bar({ batch }: { batch: BatchRow }) {
  const share = (value: number) => (batch.total ? (value / batch.total) * 1000 : 0);
  const done = share(batch.done + batch.skipped);
  const failed = batch.failed ? Math.max(4, share(batch.failed)) : 0;
  return (
    <svg class="share" viewBox="0 0 1000 16" preserveAspectRatio="none" aria-hidden="true">
      <defs>
        <pattern id="failed" width="8" height="8" patternUnits="userSpaceOnUse">
          <rect width="8" height="8" class="failed" />
          <path d="M0 8 8 0" class="hatch" />
        </pattern>
      </defs>
      <rect width="1000" height="16" class="rest" />
      <rect width={done} height="16" class="done" />
      <rect x={done ? done + 2 : 0} width={failed} height="16" fill="url(#failed)" />
    </svg>
  );
}
