// Schedules as a list; one of them with its next times, its last runs and what has come of it.
import type { ScheduleDetail, ScheduleList, ScheduleRow } from "../api/types";
import { Count, Empty, Panel } from "../parts/basics";
import { Icon, kindOf, State } from "../parts/icon";
import { ScheduleActs, ScheduleAnswered } from "../parts/schedule_acts";
import { type Column, SortedTable } from "../parts/sorted_table";
import { learnRights } from "../state/acts";
import { board, now } from "../state/live";
import { usePolled } from "../state/polled";
import { language } from "../state/preferences";
import { filter, route } from "../state/route";
import { clock, count, duration, moment, zoneName } from "../words/format";
import { words } from "../words/index";

export function SchedulesPage() {
  const [namespace = "", name = ""] = route.value.parts;
  return namespace && name ? <One namespace={namespace} name={name} /> : <All />;
}

function All() {
  const { ns = "", after = "" } = route.value.keys;
  const query = new URLSearchParams({ namespace: ns, after });
  const { data, problem } = usePolled<ScheduleList>(`v1/schedules?${query}`);
  const said = words.value;
  return (
    <Panel top id="sentence" title={said.schedules}>
      {problem ? <p role="alert">{`${problem.message}. ${problem.hint}`}</p> : null}
      {data?.schedules.length === 0 ? (
        <Empty
          text={said.noSchedules}
          command='stagework schedule create NAME -n NAMESPACE --pipeline PIPELINE --cron "0 2 * * *"'
        />
      ) : null}
      {data?.schedules.length ? <Table rows={byNext(data.schedules)} /> : null}
      <p class="pager">
        {after ? (
          <button type="button" onClick={() => filter({ after: "" })}>
            {said.firstPage}
          </button>
        ) : null}
        {data?.next ? (
          <button type="button" onClick={() => filter({ after: data.next })}>
            {said.nextPage}
          </button>
        ) : null}
      </p>
    </Panel>
  );
}

/** The next to run first; what runs no more after them, and what is paused last. */
export function byNext(rows: ScheduleRow[]): ScheduleRow[] {
  const due = (row: ScheduleRow) =>
    row.nextScheduleTime ? Date.parse(row.nextScheduleTime) : Number.MAX_SAFE_INTEGER;
  return [...rows].sort((a, b) => Number(a.suspend) - Number(b.suspend) || due(a) - due(b));
}

function columnsOf(): Column<ScheduleRow>[] {
  const said = words.value;
  const time = (at: string | null | undefined) => (at ? Date.parse(at) : null);
  const wide = "number wide";
  return [
    { title: said.status, sort: "state", by: (row) => row.status },
    { title: said.name, sort: "name", by: (row) => `${row.namespace}/${row.name}` },
    { title: said.when, class: "wide" },
    { title: said.next, sort: "next", by: (row) => time(row.nextScheduleTime) },
    { title: said.last, class: "wide", sort: "last", by: (row) => time(row.lastScheduleTime) },
    { title: said.atWork, class: `${wide} mid`, sort: "active", by: (row) => row.active },
    { title: said.runsSoFar, class: wide, sort: "failed", by: (row) => row.stats.failedExecutions },
    {
      title: said.average,
      class: `${wide} mid`,
      sort: "average",
      by: (row) => row.stats.averageExecutionSeconds ?? null,
    },
  ];
}

export function Table({ rows }: { rows: ScheduleRow[] }) {
  return (
    <SortedTable
      class="rows"
      caption={words.value.schedulesCaption}
      columns={columnsOf()}
      rows={rows}
      draw={(row, first) => <Row key={row.uid} row={row} first={first} />}
    />
  );
}

function Row({ row, first }: { row: ScheduleRow; first: boolean }) {
  const said = words.value;
  return (
    <tr>
      <td>
        <State word={row.status} />
      </td>
      <td class="title">
        <a
          href={`#/schedules/${encodeURIComponent(row.namespace)}/${encodeURIComponent(row.name)}`}
          tabIndex={first ? 0 : -1}
          title={`${row.namespace}/${row.name}`}
          data-open
        >
          {row.name}
        </a>
        <span class="narrow">
          {whenOf(row)} · {row.namespace}
        </span>
      </td>
      <td class="wide" title={row.schedule}>
        {whenOf(row)}
      </td>
      <td class="time">
        {row.nextScheduleTime ? <Due at={row.nextScheduleTime} /> : said.unknown}
      </td>
      <td class="time wide">{row.lastScheduleTime ? shown(row.lastScheduleTime) : said.never}</td>
      <td class="number wide mid">
        <Count value={row.active} />
      </td>
      <td class="number wide">
        <Outcomes row={row} />
      </td>
      <td class="number wide mid">{averageOf(row)}</td>
    </tr>
  );
}

/** When, as a sentence and by which clock; before the operator has seen it nobody can say. */
function whenOf(row: ScheduleRow): string {
  return `${row.description || row.schedule || words.value.unknown}, ${zoneName(row.timeZone)}`;
}

function shown(at: string): string {
  return moment(at, board.value?.zone ?? "UTC", now.value, language.value);
}

/** By the board's clock, and how long it is until then. */
function Due({ at }: { at: string }) {
  const left = (Date.parse(at) - now.value) / 1000;
  return (
    <>
      {shown(at)}{" "}
      <span class="muted until">{words.value.until(duration(left, language.value, true))}</span>
    </>
  );
}

/** Succeeded, failed, skipped. */
function Outcomes({ row: { stats } }: { row: ScheduleRow }) {
  return (
    <>
      <Count value={stats.successfulExecutions} /> /{" "}
      <span class={stats.failedExecutions ? "tone-bad" : ""}>
        <Count value={stats.failedExecutions} />
      </span>{" "}
      / <Count value={stats.skipped} />
    </>
  );
}

function averageOf({ stats }: ScheduleRow): string {
  const seconds = stats.averageExecutionSeconds;
  return typeof seconds === "number" ? duration(seconds, language.value) : words.value.unknown;
}

function One({ namespace, name }: { namespace: string; name: string }) {
  const place = `${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
  const { data, problem } = usePolled<ScheduleDetail>(`v1/schedules/${place}`);
  if (problem) return <p role="alert">{`${problem.message}. ${problem.hint}`}</p>;
  if (!data) return <h1 class="muted">{words.value.loading}…</h1>;
  void learnRights([namespace]);
  return <Shown detail={data} />;
}

export function Shown({ detail }: { detail: ScheduleDetail }) {
  const { schedule: row } = detail;
  const said = words.value;
  const kind = kindOf(row.status);
  return (
    <>
      <div class={`headline tone-${kind.tone} tint-${kind.tone}`}>
        <Icon {...kind} size={28} />
        <h1 id="sentence" tabIndex={-1}>
          <b>{row.status}:</b> <span>{row.message || whenOf(row)}</span>
        </h1>
      </div>
      <div class="run-head">
        <p>
          <b>{row.name}</b>{" "}
          <span class="muted">
            {row.namespace}/{row.name} · {row.message ? `${whenOf(row)} · ` : ""}
            <code>{row.schedule}</code>
          </span>
        </p>
        <ScheduleActs detail={detail} />
      </div>
      <ScheduleAnswered detail={detail} />
      <div class="two">
        <Panel id="runs" title={said.lastRuns}>
          <Runs detail={detail} />
        </Panel>
        <Panel id="next" title={said.nextTimes}>
          <NextTimes detail={detail} />
        </Panel>
      </div>
      <Panel id="statistics" title={said.statistics}>
        <Statistics row={row} />
      </Panel>
    </>
  );
}

function NextTimes({ detail: { schedule, status } }: { detail: ScheduleDetail }) {
  const said = words.value;
  if (status.nextRunTimes.length === 0)
    return <p class="quiet-line">{schedule.suspend ? said.pausedNow : said.noneToCome}</p>;
  const zone = board.value?.zone ?? "UTC";
  return (
    <ol class="times">
      {status.nextRunTimes.map((at) => (
        <li key={at}>
          <Due at={at} />
          {schedule.timeZone === zone ? null : (
            <span class="muted">
              {" "}
              · {clock(at, schedule.timeZone)} {zoneName(schedule.timeZone)}
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}

interface MadeRun {
  word: "Queued" | "Running" | "Succeeded" | "Failed";
  name: string;
  /** Empty: a PipelineJob. */
  kind: string;
  slot: string;
}

/** What waits for room, what is at work, and what has ended and is kept; the newest first. */
function runsOf({ status }: ScheduleDetail): MadeRun[] {
  const runs: MadeRun[] = [
    ...status.queuedRuns.map((run) => ({ ...run, kind: "", word: "Queued" as const })),
    ...status.activeRuns.map((run) => ({ ...run, word: "Running" as const })),
    ...status.endedRuns.map((run) => ({
      ...run,
      word: run.succeeded ? ("Succeeded" as const) : ("Failed" as const),
    })),
  ];
  return runs.sort((a, b) => Date.parse(b.slot) - Date.parse(a.slot));
}

function Runs({ detail }: { detail: ScheduleDetail }) {
  const said = words.value;
  const runs = runsOf(detail);
  if (runs.length === 0) return <p class="quiet-line">{said.noRunsOfIt}</p>;
  return (
    <table data-rows>
      <caption class="hidden">{said.lastRuns}</caption>
      <thead>
        <tr>
          <th scope="col">{said.status}</th>
          <th scope="col">{said.slot}</th>
          <th scope="col">{said.name}</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={run.name}>
            <td>
              <State word={run.word} />
            </td>
            <td class="time">{shown(run.slot)}</td>
            <th scope="row" class="title">
              <RunName run={run} namespace={detail.schedule.namespace} />
            </th>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const PAGE_OF: Record<string, string> = { "": "run", PipelineJob: "run", Batch: "batch" };

/** What is not made yet, and the Job of a task, have no page. */
function RunName({ run, namespace }: { run: MadeRun; namespace: string }) {
  const page = PAGE_OF[run.kind];
  if (!page || run.word === "Queued") return <>{run.name}</>;
  return (
    <a
      href={`#/${page}/${encodeURIComponent(namespace)}/${encodeURIComponent(run.name)}`}
      data-open
    >
      {run.name}
    </a>
  );
}

function Statistics({ row }: { row: ScheduleRow }) {
  const said = words.value;
  const { stats } = row;
  const whole = (value: number) => count(value, language.value);
  const facts: [string, string][] = [
    [said.runsMade, whole(stats.totalExecutions)],
    [said.atWork, whole(row.active)],
    [said.succeeded, whole(stats.successfulExecutions)],
    [said.failed, whole(stats.failedExecutions)],
    [said.slotsSkipped, whole(stats.skipped)],
    [said.lastBegan, stats.lastExecution ? shown(stats.lastExecution) : said.never],
    [said.average, averageOf(row)],
  ];
  return (
    <dl class="statistics">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
