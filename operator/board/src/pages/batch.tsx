// Batches as a list; one of them with its progress, its failures and its speed.
import type { BatchDetail, BatchList, BatchRow } from "../api/types";
import { Command, Empty, Panel } from "../parts/basics";
import { Icon, kindOf, State } from "../parts/icon";
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
        <table data-rows>
          <caption class="hidden">{said.batches}</caption>
          <thead>
            <tr>
              <th scope="col">{said.status}</th>
              <th scope="col">{said.title}</th>
              <th scope="col" class="wide">
                {said.progress}
              </th>
              <th scope="col" class="number">
                {said.itemsDone}
              </th>
              <th scope="col" class="number">
                {said.failed}
              </th>
              <th scope="col" class="eta">
                {said.eta}
              </th>
            </tr>
          </thead>
          <tbody>
            {data.batches.map((batch) => (
              <Row key={batch.uid} batch={batch} />
            ))}
          </tbody>
        </table>
      ) : null}
    </Panel>
  );
}

function Row({ batch }: { batch: BatchRow }) {
  const whole = (value: number) => count(value, language.value);
  return (
    <tr>
      <td>
        <State word={batch.state} />
      </td>
      <td class="title">
        <a
          href={`#/batch/${encodeURIComponent(batch.namespace)}/${encodeURIComponent(batch.name)}`}
          data-open
        >
          {batch.title || batch.name}
        </a>
        <span class="narrow">{batch.namespace}</span>
      </td>
      <td class="wide progress-cell">
        <Bar batch={batch} />
      </td>
      <td class="number">
        {whole(batch.handled)}/{whole(batch.total)}
      </td>
      <td class={`number ${batch.failed ? "tone-bad" : "muted"}`}>{whole(batch.failed)}</td>
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
  const { data, problem } = usePolled<BatchDetail>(`v1/batches/${place}`);
  const said = words.value;
  if (problem) return <p role="alert">{problem.message}</p>;
  if (!data) return <h1 class="muted">{said.loading}…</h1>;
  const { batch } = data;
  const kind = kindOf(batch.state);
  const flag = `${batch.name} -n ${batch.namespace}`;
  return (
    <>
      <div class={`headline tone-${kind.tone} tint-${kind.tone}`}>
        <Icon {...kind} size={28} />
        <h1 id="sentence" tabIndex={-1}>
          <b>{batch.state}:</b> <span>{batch.message || batch.title || batch.name}</span>
        </h1>
      </div>
      <Panel id="progress" title={batch.title || batch.name}>
        <Bar batch={batch} />
        <p class="class-facts">
          <span>
            {count(batch.done, language.value)} {said.itemsDone}
          </span>
          <span class={batch.failed ? "tone-bad" : ""}>
            {count(batch.failed, language.value)} {said.failed}
          </span>
          <span>
            {count(batch.total - batch.handled, language.value)} {said.left}
          </span>
          <b>{said.handled(batch.percent.toFixed(1))}</b>
          <span>{etaOf(batch) ? said.doneIn(etaOf(batch)) : ""}</span>
          <span class="muted">
            {batch.itemsPerMinute} {said.items}/min · {batch.chunkSizeReason}
          </span>
        </p>
        {batch.failed ? <Command text={`stagework batch reprocess ${flag} --dry-run`} /> : null}
      </Panel>
      {data.failedSamples.length ? (
        <Panel id="failures" title={said.failuresByReason}>
          <table>
            <caption class="hidden">{said.failuresByReason}</caption>
            <tbody>
              {data.failedSamples.map((item) => (
                <tr key={item.id}>
                  <th scope="row">{item.id}</th>
                  <td>{item.reason}</td>
                  <td class="cause">{item.message}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
      ) : null}
    </>
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
