// One run: how it stands, its stages, and of the chosen one why, its attempts, log and outputs.
import { useSignal } from "@preact/signals";
import type { RunPage as Run, StageNode } from "../api/types";
import { Command, Empty, Panel } from "../parts/basics";
import { Graph } from "../parts/graph";
import { Icon, kindOf, State } from "../parts/icon";
import { Log } from "../parts/log";
import { Outputs } from "../parts/outputs";
import { begin, forbiddenIn, learnRights, type Verb } from "../state/acts";
import { board, now } from "../state/live";
import { usePolled } from "../state/polled";
import { language } from "../state/preferences";
import { route } from "../state/route";
import { duration, moment } from "../words/format";
import { words } from "../words/index";
import { withoutReason } from "../words/sentence";

export function RunPage() {
  const [namespace = "", name = "", named = ""] = route.value.parts;
  const place = namespace && name ? `v1/runs/${namespace}/${name}` : "";
  const { data, problem } = usePolled<Run>(place);
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

function Shown({ run, named }: { run: Run; named: string }) {
  const chosen = useSignal(named || firstOf(run));
  const node = run.stages.find((one) => one.row.stage === chosen.value) ?? run.stages[0];
  const kind = kindOf(run.row.status);
  const zone = board.value?.zone ?? "UTC";
  return (
    <>
      <div class={`headline tone-${kind.tone} tint-${kind.tone}`}>
        <Icon {...kind} size={28} />
        <h1 id="sentence" tabIndex={-1}>
          <b>{run.row.status}:</b> <span>{run.row.message || run.title}</span>
        </h1>
      </div>
      <div class="run-head">
        <p>
          <b>{run.title}</b>{" "}
          <span class="muted">
            {run.row.namespace}/{run.row.name} · {run.pipeline} · {run.row.done}/{run.row.total} ·{" "}
            {duration(run.row.elapsed_seconds, language.value)} ·{" "}
            {moment(run.made_at, zone, now.value, language.value)}
          </span>
        </p>
        <Acts run={run} />
      </div>
      {run.step.command ? (
        <div class="next-step">
          <b>{words.value.nextStep}</b>
          <Command text={run.step.command} />
          <span class="muted">{run.step.sentence}</span>
        </div>
      ) : null}
      <Panel id="stages" title={words.value.stageList}>
        <Graph
          run={run}
          chosen={node?.row.stage ?? ""}
          choose={(stage) => {
            chosen.value = stage;
          }}
        />
      </Panel>
      {node ? <Chosen run={run} node={node} zone={zone} /> : null}
    </>
  );
}

/** The one that failed, else the one at work, else the first. */
function firstOf(run: Run): string {
  const find = (state: string) => run.stages.find((one) => one.row.state === state)?.row.stage;
  return find("Failed") ?? find("Stuck") ?? find("Running") ?? run.stages[0]?.row.stage ?? "";
}

function Acts({ run }: { run: Run }) {
  const ids = run.stages.flatMap((one) => (one.failed_id ? [[one.failed_id, one.row.stage]] : []));
  if (!ids.length) return null;
  const titles = Object.fromEntries(ids.map(([id, stage]) => [id, `${run.title}, ${stage}`]));
  const button = (verb: Verb, text: string) => {
    const where = forbiddenIn(verb, [run.row.namespace]);
    const why = where ? words.value.mayNot(where) : "";
    return (
      <button
        type="button"
        aria-disabled={why ? "true" : undefined}
        title={why || undefined}
        onClick={() => {
          if (!why) void begin(verb, titles);
        }}
      >
        {text}
      </button>
    );
  };
  return (
    <div class="acts">
      {button("Retry", words.value.retryMany(0))}
      {button("Skip", words.value.skipMany(0))}
    </div>
  );
}

const TABS = ["why", "attempts", "log", "outputs"] as const;
type Tab = (typeof TABS)[number];

function Chosen({ run, node, zone }: { run: Run; node: StageNode; zone: string }) {
  const tab = useSignal<Tab>("why");
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
              aria-pressed={tab.value === one}
              onClick={() => {
                tab.value = one;
              }}
            >
              {titles[one]}
            </button>
          ))}
        </div>
      }
    >
      {tab.value === "why" ? <Why node={node} zone={zone} /> : null}
      {tab.value === "attempts" ? <Attempts node={node} /> : null}
      {tab.value === "log" ? <Log run={run} node={node} /> : null}
      {tab.value === "outputs" ? (
        <Outputs namespace={run.row.namespace} run={run.row.name} stage={node.row.stage} />
      ) : null}
    </Panel>
  );
}

function Why({ node, zone }: { node: StageNode; zone: string }) {
  const said = words.value;
  const at = (time: string | null) =>
    time ? moment(time, zone, now.value, language.value) : said.unknown;
  return (
    <div class="why-stage">
      <p>
        <State word={node.row.state} />{" "}
        {node.row.reason ? <span class="muted">{node.row.reason}</span> : null}
      </p>
      {node.row.message ? <p>{withoutReason(node.row.message)}</p> : null}
      {node.row.log_line ? <pre>{node.row.log_line}</pre> : null}
      <dl class="facts">
        <dt>{said.machine}</dt>
        <dd>{node.row.machine ? said.onMachine(node.row.machine, node.row.node) : said.unknown}</dd>
        <dt>{said.started}</dt>
        <dd>{at(node.started_at)}</dd>
        <dt>{said.ended}</dt>
        <dd>{at(node.ended_at)}</dd>
      </dl>
      {node.step.command ? (
        <Empty text={`${said.nextStep}: ${node.step.sentence}`} command={node.step.command} />
      ) : null}
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
