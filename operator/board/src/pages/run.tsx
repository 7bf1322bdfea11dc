// One run: how it stands, its stages, and of the chosen one why, its attempts, log and outputs.
import type { RunPage as Run, SlotWait, StageNode } from "../api/types";
import { AskButton } from "../parts/ask_dialog";
import { Command, Empty, Panel } from "../parts/basics";
import { Graph } from "../parts/graph";
import { Icon, kindOf, State } from "../parts/icon";
import { Log } from "../parts/log";
import { ObjectAnswered, ObjectButton } from "../parts/object_acts";
import { Outputs } from "../parts/outputs";
import { begin, forbiddenIn, learnRights, type Verb } from "../state/acts";
import { board, now } from "../state/live";
import type { Place } from "../state/object_acts";
import { usePolled } from "../state/polled";
import { language } from "../state/preferences";
import { choose, route } from "../state/route";
import { clock, duration, moment } from "../words/format";
import { words } from "../words/index";
import { withoutReason } from "../words/sentence";

export function RunPage() {
  const [namespace = "", name = "", named = ""] = route.value.parts;
  const place = [namespace, name].map(encodeURIComponent).join("/");
  const { data, problem } = usePolled<Run>(namespace && name ? `v1/runs/${place}` : "", withNews);
  if (problem) {
    return (
      <div class="panel notice" role="alert">
        <h1>{problem.status === 404 ? words.value.notThere : problem.message}</h1>
        <p>{problem.hint}</p>
        <a href={`#/history?name=${encodeURIComponent(name)}`}>{words.value.inHistory}</a>
      </div>
    );
  }
  if (!data) return <h1 class="muted">{words.value.loading}…</h1>;
  void learnRights([namespace]);
  return <Shown run={data} named={named} />;
}

/** A sign of life has no run; one that is gone is asked for, and its absence explained. */
function withNews(news: Record<string, unknown>, before: Run | null): Run | null {
  return "run" in news ? (news.run as Run | null) : before;
}

export function Shown({ run, named }: { run: Run; named: string }) {
  const chosen = named || firstOf(run);
  const node = run.stages.find((one) => one.row.stage === chosen) ?? run.stages[0];
  const zone = board.value?.zone ?? "UTC";
  return (
    <>
      <Sentence run={run} />
      <div class="run-head">
        <p>
          <b>{run.title}</b>{" "}
          <span class="muted">
            {run.row.namespace}/{run.row.name} · {run.pipeline} · {run.row.done}/{run.row.total} ·{" "}
            {duration(elapsed(run), language.value)} ·{" "}
            {moment(run.made_at, zone, now.value, language.value)}
          </span>
        </p>
        <Acts run={run} />
      </div>
      <ObjectAnswered of={placeOf(run)} />
      {run.step.command ? (
        <div class="next-step">
          <b>{words.value.nextStep}</b>
          <Command text={run.step.command} />
          <span class="muted">{run.step.sentence}</span>
        </div>
      ) : null}
      <Panel id="stages" title={words.value.stageList}>
        <Graph run={run} chosen={node?.row.stage ?? ""} choose={chooseStage} />
      </Panel>
      {node ? <Chosen run={run} node={node} zone={zone} /> : null}
    </>
  );
}

/** In the address, so that a link leads there. */
function chooseStage(stage: string): void {
  const [namespace = "", name = ""] = route.value.parts;
  choose([namespace, name, stage], {});
}

function Sentence({ run }: { run: Run }) {
  const kind = kindOf(run.row.status);
  const said = words.value;
  const at = run.stages.filter((one) => one.started_at && !one.ended_at);
  const left = run.row.total - run.row.done;
  const rest = at.length
    ? said.worksAt(at.map((one) => one.row.stage).join(", "), run.row.done, run.row.total)
    : run.ended && left === 0
      ? said.allDone(run.row.total)
      : said.doneOf(run.row.done, run.row.total);
  return (
    <div class={`headline tone-${kind.tone} tint-${kind.tone}`}>
      <Icon {...kind} size={28} />
      <h1 id="sentence" tabIndex={-1}>
        <b>{run.row.status}:</b> <span>{run.row.message || rest}</span>
      </h1>
    </div>
  );
}

function placeOf(run: Run): Place {
  return { namespace: run.row.namespace, name: run.row.name, title: run.title };
}

/** It goes on until the run has ended. */
function elapsed(run: Run): number {
  const since = (now.value - Date.parse(run.generated_at)) / 1000;
  return run.row.elapsed_seconds + (run.ended ? 0 : Math.max(0, since));
}

/** The one that failed, else the one at work, else the one that is next, else the first. */
function firstOf(run: Run): string {
  const find = (state: string) => run.stages.find((one) => one.row.state === state)?.row.stage;
  const next = run.stages.find((one) => !one.ended_at && one.row.reason !== "DependenciesPending");
  const first = next ?? run.stages[0];
  return find("Failed") ?? find("Stuck") ?? find("Running") ?? first?.row.stage ?? "";
}

function Acts({ run }: { run: Run }) {
  const failed = run.stages.filter((one) => one.failed_id);
  const titles = Object.fromEntries(
    failed.map((one) => [one.failed_id, `${run.title}, ${one.row.stage}`]),
  );
  const button = (verb: Verb, text: string) => {
    const where = forbiddenIn(verb, [run.row.namespace]);
    return (
      <AskButton
        text={text}
        lacks={where ? words.value.mayNot(where) : ""}
        onAsk={() => void begin(verb, titles)}
      />
    );
  };
  return (
    <div class="acts">
      {failed.length ? button("Retry", words.value.retryMany(0)) : null}
      {failed.length ? button("Skip", words.value.skipMany(0)) : null}
      {run.stages.some((one) => one.row.reason === "AwaitingApproval") ? (
        <ObjectButton verb="Approve" of={placeOf(run)} />
      ) : null}
      {run.ended ? null : <ObjectButton verb="Stop" of={placeOf(run)} />}
    </div>
  );
}

const TABS = ["why", "attempts", "log", "outputs"] as const;

function Chosen({ run, node, zone }: { run: Run; node: StageNode; zone: string }) {
  const tab = TABS.find((one) => one === route.value.keys.tab) ?? "why";
  const said = words.value;
  const titles = {
    why: said.whyTab,
    attempts: said.attemptsTab,
    log: said.logTab,
    outputs: said.outputsTab,
  };
  return (
    <Panel
      id="chosen"
      title={node.row.stage}
      aside={
        <div class="tabs">
          {TABS.map((one) => (
            <button
              key={one}
              type="button"
              class="quiet"
              aria-pressed={tab === one}
              onClick={() => choose(route.value.parts, { tab: one === "why" ? "" : one })}
            >
              {titles[one]}
            </button>
          ))}
        </div>
      }
    >
      {tab === "why" ? <Why run={run} node={node} zone={zone} /> : null}
      {tab === "attempts" ? <Attempts node={node} /> : null}
      {tab === "log" ? <Log run={run} node={node} /> : null}
      {tab === "outputs" ? (
        <Outputs namespace={run.row.namespace} run={run.row.name} stage={node.row.stage} />
      ) : null}
    </Panel>
  );
}

function Why({ run, node, zone }: { run: Run; node: StageNode; zone: string }) {
  const said = words.value;
  const at = (time: string | null) =>
    time ? moment(time, zone, now.value, language.value) : said.unknown;
  const wait = run.slot_waits.find((one) => one.stage === node.row.stage);
  return (
    <div class="why-stage">
      <p class="why-state">
        <State word={node.row.state} />{" "}
        {node.row.reason ? <span class="muted">{node.row.reason}</span> : null}
      </p>
      {wait ? (
        <Queued wait={wait} zone={zone} />
      ) : node.row.message ? (
        <p>{withoutReason(node.row.message)}</p>
      ) : null}
      {node.row.log_line ? <pre>{node.row.log_line}</pre> : null}
      <dl class="facts">
        <dt>{said.machine}</dt>
        <dd>{node.row.machine ? said.onMachine(node.row.machine, node.row.node) : said.unknown}</dd>
        <dt>{said.started}</dt>
        <dd>{at(node.started_at)}</dd>
        <dt>{said.ended}</dt>
        <dd>{at(node.ended_at)}</dd>
      </dl>
      {node.step.command && node.step.command !== run.step.command ? (
        <Empty text={`${said.nextStep}: ${node.step.sentence}`} command={node.step.command} />
      ) : null}
    </div>
  );
}

/** Where it stands in the queue of its machine, who has the slots, and when its turn comes. */
function Queued({ wait, zone }: { wait: SlotWait; zone: string }) {
  const said = words.value;
  const labels = new Map(board.value?.machines.map((card) => [card.key, card.label]));
  const at = (time: string | null) => (time ? clock(time, zone) : "");
  return (
    <div class="queued">
      <p>
        <b>
          {said.placeInQueue(wait.position, wait.length, labels.get(wait.machine) ?? wait.machine)}
        </b>{" "}
        {wait.starts_p50
          ? said.startsAbout(at(wait.starts_p50), at(wait.starts_p90))
          : (said.noStart[wait.why_none] ?? said.unknown)}
      </p>
      <p class="muted">{said.slotsTaken(wait.taken, wait.slots)}</p>
      <ul class="current">
        {wait.at_work.map((one) => (
          <li key={`${one.namespace}/${one.run}/${one.stage}`}>
            <a
              href={`#/run/${[one.namespace, one.run, one.stage].map(encodeURIComponent).join("/")}`}
            >
              {one.title}
            </a>
            <span class="what">{one.stage}</span>
            <span class="spent">
              {one.since
                ? duration((now.value - Date.parse(one.since)) / 1000, language.value, true)
                : ""}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Attempts({ node }: { node: StageNode }) {
  const said = words.value;
  return (
    <table>
      <caption class="hidden">{said.attemptsTab}</caption>
      <thead>
        <tr>
          <th scope="col">{said.attempt}</th>
          <th scope="col">{said.cause}</th>
          <th scope="col" class="number">
            {said.exitCode}
          </th>
          <th scope="col" class="number">
            {said.ended}
          </th>
        </tr>
      </thead>
      <tbody>
        {node.row.earlier.map((row) => (
          <tr key={row.attempt}>
            <th scope="row">{row.attempt}</th>
            <td>{row.reason}</td>
            <td class="number">{row.exit_code ?? said.unknown}</td>
            <td class="number">
              {row.seconds_ago === null ? said.unknown : duration(row.seconds_ago, language.value)}
            </td>
          </tr>
        ))}
        <tr>
          <th scope="row">{node.row.attempt}</th>
          <td>
            <State word={node.row.state} /> {node.row.reason}
          </td>
          <td class="number">{said.unknown}</td>
          <td class="number">{said.unknown}</td>
        </tr>
      </tbody>
    </table>
  );
}
