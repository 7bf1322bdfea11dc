// Runs that history knows, the newest first, with the filters of the address.
import type { RunFact, RunList } from "../api/types";
import { Empty, Panel } from "../parts/basics";
import { State } from "../parts/icon";
import { board, now } from "../state/live";
import { usePolled } from "../state/polled";
import { language } from "../state/preferences";
import { filter, route } from "../state/route";
import { duration, moment } from "../words/format";
import { words } from "../words/index";

const FILTERS = ["name", "pipeline", "tenant"] as const;
const STATES = ["Completed", "CompletedWithSkips", "StageFailed", "Stopped", "Running", "Queued"];

export function HistoryPage() {
  const { keys } = route.value;
  const { data, problem } = usePolled<RunList>(addressOf(keys));
  const said = words.value;
  const isFiltered = FILTERS.some((name) => keys[name]) || Boolean(keys.state);
  return (
    <Panel top id="sentence" title={said.history} aside={<Filters />}>
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
  for (const name of [...FILTERS, "after"]) if (keys[name]) query.set(name, keys[name]);
  // "all" is written in the address, and the service is asked for no state.
  if (keys.state && keys.state !== "all") query.set("state", keys.state);
  if (keys.ns) query.set("namespace", keys.ns);
  return `v1/runs?${query}`;
}

function clear(): void {
  filter({ name: "", pipeline: "", tenant: "", state: "", after: "" });
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
      {FILTERS.map((name) => (
        <input
          key={name}
          aria-label={said[name]}
          placeholder={said[name]}
          value={keys[name] ?? ""}
          onChange={(event) => filter({ [name]: event.currentTarget.value.trim(), after: "" })}
        />
      ))}
    </div>
  );
}

function Table({ runs }: { runs: RunFact[] }) {
  const said = words.value;
  return (
    <table data-rows class="rows">
      <caption class="hidden">{said.history}</caption>
      <thead>
        <tr>
          <th scope="col">{said.status}</th>
          <th scope="col">{said.ended}</th>
          <th scope="col">{said.title}</th>
          <th scope="col" class="wide">
            {said.pipeline}
          </th>
          <th scope="col" class="wide">
            {said.tenant}
          </th>
          <th scope="col" class="number">
            {said.lasted}
          </th>
          <th scope="col" class="wide">
            {said.name}
          </th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run, place) => (
          <Row key={run.uid} run={run} first={place === 0} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ run, first }: { run: RunFact; first: boolean }) {
  const zone = board.value?.zone ?? "UTC";
  const at = run.ended ?? run.created;
  const end = run.ended ? Date.parse(run.ended) : now.value;
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
      <td class="number">{duration((end - Date.parse(run.created)) / 1000, language.value)}</td>
      <td class="wide muted">
        {run.namespace}/{run.name}
      </td>
    </tr>
  );
}
