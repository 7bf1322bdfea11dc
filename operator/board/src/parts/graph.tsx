// The stages of a run in columns by how many stand before them, over their edges.
import type { RunPage, StageNode } from "../api/types";
import { now } from "../state/live";
import { language } from "../state/preferences";
import { duration } from "../words/format";
import { Icon, kindOf } from "./icon";

const ROW = 72;

interface Placed {
  node: StageNode;
  row: number;
}

export function Graph(props: { run: RunPage; chosen: string; choose: (stage: string) => void }) {
  const placed = placesOf(props.run.stages);
  const columns = Math.max(1, ...placed.map(({ node }) => node.column + 1));
  const rows = Math.max(1, ...placed.map(({ row }) => row + 1));
  return (
    <div class="graph" style={{ "--rows": rows, "--columns": columns }}>
      <Edges placed={placed} columns={columns} rows={rows} />
      {placed.map(({ node, row }) => (
        <StageButton
          key={node.row.stage}
          node={node}
          row={row}
          chosen={node.row.stage === props.chosen}
          onClick={() => props.choose(node.row.stage)}
        />
      ))}
    </div>
  );
}

function placesOf(stages: StageNode[]): Placed[] {
  const taken = new Map<number, number>();
  return stages.map((node) => {
    const row = taken.get(node.column) ?? 0;
    taken.set(node.column, row + 1);
    return { node, row };
  });
}

/** From middle to middle: what is under the buttons is hidden by them. */
function Edges({ placed, columns, rows }: { placed: Placed[]; columns: number; rows: number }) {
  const places = new Map(placed.map((one) => [one.node.row.stage, one]));
  const x = (one: Placed) => (one.node.column + 0.5) * 100;
  const y = (one: Placed) => (one.row + 0.5) * ROW;
  return (
    <svg
      class="edges"
      viewBox={`0 0 ${columns * 100} ${rows * ROW}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {placed.flatMap((to) =>
        to.node.depends_on.flatMap((name) => {
          const from = places.get(name);
          if (!from) return [];
          const half = (x(from) + x(to)) / 2;
          const bend = `M${x(from)} ${y(from)}C${half} ${y(from)} ${half} ${y(to)} ${x(to)} ${y(to)}`;
          return [<path key={`${name} ${to.node.row.stage}`} d={bend} />];
        }),
      )}
    </svg>
  );
}

function StageButton(props: {
  node: StageNode;
  row: number;
  chosen: boolean;
  onClick: () => void;
}) {
  const { node, row } = props;
  const { stage, state, attempt, elapsed_seconds: spent } = node.row;
  const kind = kindOf(state);
  const tries = node.max_attempts ? `${attempt}/${node.max_attempts}` : `${attempt}`;
  const isAtWork = node.started_at !== null && node.ended_at === null;
  const since = isAtWork ? (now.value - Date.parse(node.started_at ?? "")) / 1000 : spent;
  const took = since === null ? "" : duration(since, language.value);
  return (
    <button
      type="button"
      class={`node tone-${kind.tone}`}
      style={{ "--column": node.column, "--row": row }}
      aria-pressed={props.chosen}
      onClick={props.onClick}
    >
      <Icon {...kind} />
      <span class="node-name">{stage}</span>
      <span class="node-what">
        {state}
        {attempt > 1 ? ` ${tries}` : ""}
        {took ? ` · ${took}` : ""}
      </span>
    </button>
  );
}
