// Runs that history knows, the newest first, with the filters of the address.
import type { RunFact, RunList } from "../api/types";
import { Empty, Panel } from "../parts/basics";
import { State } from "../parts/icon";
import { type Column, SortedTable } from "../parts/sorted_table";
import { board, now } from "../state/live";
import { usePolled } from "../state/polled";
import { language } from "../state/preferences";
import { filter, route } from "../state/route";
import { duration, moment } from "../words/format";
import { words } from "../words/index";

const FILTERS = ["q", "pipeline", "tenant"] as const;
/** What else stands in an address of this page; what does not is shown, and can be taken away. */
const KNOWN = new Set<string>([...FILTERS, "state", "since", "after", "ns", "sort", "wall"]);
const SPANS: Record<string, number> = { "24h": 24, "7d": 168, "30d": 720 };
const HOUR_MS = 3_600_000;
const STATES = ["Completed", "CompletedWithSkips", "StageFailed", "Stopped", "Running", "Queued"];

export function HistoryPage() {
  const { keys } = route.value;
  const { data, problem } = usePolled<RunList>(addressOf(keys));
  const said = words.value;
  const others = Object.keys(keys).filter((key) => !KNOWN.has(key));
  const isFiltered = [...FILTERS, "state", "since", ...others].some((name) => keys[name]);
  return (
    <Panel top id="sentence" title={said.history} aside={<Filters />}>
      {others.length ? (
        <p class="chips">
          {others.map((key) => (
            <button key={key} type="button" class="chip" onClick={() => filter({ [key]: "" })}>
              {key}: {keys[key]} ✕
            </button>
          ))}
        </p>
      ) : null}
      {problem ? <p role="alert">{`${problem.message}. ${problem.hint}`}</p> : null}
      {data?.runs.length === 0 ? (
        isFiltered ? (
          <p>
            {said.noRuns}{" "}
            <button type="button" onClick={clear}>
              {said.clearFilters}
            </button>
          </p>
        ) : (
          <Empty text={said.firstRun} command="kubectl apply -n NAMESPACE -f manifests/samples/" />
        )
      ) : null}
      {data?.runs.length ? <Table runs={data.runs} /> : null}
      <p class="pager">
        {keys.after ? (
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

function addressOf(keys: Record<string, string>): string {
  const query = new URLSearchParams();
  for (const name of [...FILTERS, "name", "after"]) if (keys[name]) query.set(name, keys[name]);
  const hours = SPANS[keys.since ?? ""];
  // To the hour: an address that moves on with every second would be asked for anew each time.
  const since = hours ? Math.floor(now.peek() / HOUR_MS - hours) * HOUR_MS : 0;
  if (since > 0) query.set("since", new Date(since).toISOString());
  // "all" is written in the address, and the service is asked for no state.
  if (keys.state && keys.state !== "all") query.set("state", keys.state);
  if (keys.ns) query.set("namespace", keys.ns);
  return `v1/runs?${query}`;
}

function clear(): void {
  const all = Object.keys(route.value.keys).filter((key) => key !== "ns" && key !== "sort");
  filter(Object.fromEntries(all.map((key) => [key, ""])));
}

function Filters() {
  const { keys } = route.value;
  const said = words.value;
  return (
    <div class="filters">
      <select
        aria-label={said.state}
        value={keys.state ?? "all"}
        onChange={(event) => filter({ state: event.currentTarget.value, after: "" })}
      >
        <option value="all">{said.allStates}</option>
        {STATES.map((state) => (
          <option key={state} value={state}>
            {state}
          </option>
        ))}
      </select>
      <select
        aria-label={said.madeWithin}
        value={keys.since ?? ""}
        onChange={(event) => filter({ since: event.currentTarget.value, after: "" })}
      >
        <option value="">{said.wheneverMade}</option>
        {Object.keys(SPANS).map((span) => (
          <option key={span} value={span}>
            {said.within(duration((SPANS[span] ?? 0) * 3600, language.value))}
          </option>
        ))}
      </select>
      {FILTERS.map((name) => (
        <input
          key={name}
          name={name}
          aria-label={name === "q" ? said.searchHint : said[name]}
          placeholder={name === "q" ? said.searchHint : said[name]}
          value={keys[name] ?? ""}
          onChange={(event) => filter({ [name]: event.currentTarget.value.trim(), after: "" })}
        />
      ))}
    </div>
  );
}

function columnsOf(): Column<RunFact>[] {
  const said = words.value;
  return [
    { title: said.status, sort: "state", by: (run) => run.state },
    { title: said.ended, sort: "ended", by: (run) => Date.parse(run.ended ?? run.created) },
    { title: said.title, sort: "title", by: (run) => run.title || run.subject || run.name },
    { title: said.pipeline, class: "wide", sort: "pipeline", by: (run) => run.pipeline },
    { title: said.tenant, class: "wide", sort: "tenant", by: (run) => run.tenant },
    { title: said.lasted, class: "number", sort: "lasted", by: lasted },
    { title: said.name, class: "wide" },
  ];
}

/** Seconds, to its end or to now. */
function lasted(run: RunFact): number {
  const end = run.ended ? Date.parse(run.ended) : now.value;
  return (end - Date.parse(run.created)) / 1000;
}

function Table({ runs }: { runs: RunFact[] }) {
  return (
    <SortedTable
      class="rows"
      caption={words.value.history}
      columns={columnsOf()}
      rows={runs}
      draw={(run, first) => <Row key={run.uid} run={run} first={first} />}
    />
  );
}

function Row({ run, first }: { run: RunFact; first: boolean }) {
  const zone = board.value?.zone ?? "UTC";
  const at = run.ended ?? run.created;
  return (
    <tr>
      <td>
        <State word={run.state} />
      </td>
      <td class="time">{moment(at, zone, now.value, language.value)}</td>
      <td class="title">
        <a
          href={`#/run/${encodeURIComponent(run.namespace)}/${encodeURIComponent(run.name)}`}
          tabIndex={first ? 0 : -1}
          data-open
        >
          {run.title || run.subject || run.name}
        </a>
        <span class="narrow">
          {run.namespace}/{run.name} {run.pipeline}
        </span>
      </td>
      <td class="wide">{run.pipeline}</td>
      <td class="wide">{run.tenant}</td>
      <td class="number">{duration(lasted(run), language.value)}</td>
      <td class="wide muted">
        {run.namespace}/{run.name}
      </td>
    </tr>
  );
}
