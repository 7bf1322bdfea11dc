// Every stage with its numbers, in the service's order.
import type { Board, StageNumbers } from "../api/types";
import { now } from "../state/live";
import { language } from "../state/preferences";
import { duration } from "../words/format";
import { words } from "../words/index";
import { Count, Panel } from "./basics";
import { etaText } from "./eta";
import { type Column, SortedTable } from "./sorted_table";

function columnsOf(): Column<StageNumbers>[] {
  const said = words.value;
  const wide = "number wide";
  return [
    { title: said.stage },
    { title: said.machine, class: "mid wide", sort: "machine", by: (row) => row.machine },
    { title: said.waiting, class: "number", sort: "waiting", by: (row) => row.pending },
    { title: said.running, class: wide, sort: "running", by: (row) => row.processing },
    { title: said.deferred, class: wide, sort: "deferred", by: (row) => row.deferred },
    { title: said.failed, class: "number", sort: "failed", by: (row) => row.failed },
    { title: said.oldest, class: wide, sort: "oldest", by: (row) => row.oldest_pending_age_sec },
    { title: said.inPerHour, class: wide, sort: "in", by: (row) => row.created_1h },
    { title: said.donePerHour, class: wide, sort: "done", by: (row) => row.done_1h },
    { title: said.doneToday, class: wide, sort: "today", by: (row) => row.done_today },
    { title: said.eta, class: "eta", sort: "eta", by: (row) => row.eta.range?.p90_seconds ?? null },
  ];
}

export function Stages({ board }: { board: Board }) {
  const labels = new Map(board.machines.map((card) => [card.key, card.label]));
  const said = words.value;
  return (
    <Panel id="stages" title={said.stages}>
      <SortedTable
        caption={said.stagesCaption}
        columns={columnsOf()}
        rows={board.stages}
        byKeys={false}
        draw={(row) => (
          <Row
            key={row.stage}
            row={row}
            board={board}
            machine={labels.get(row.machine) ?? row.machine}
          />
        )}
      />
    </Panel>
  );
}

function Row({ row, board, machine }: { row: StageNumbers; board: Board; machine: string }) {
  const rests = !(row.pending || row.processing || row.deferred || row.held || row.failed);
  return (
    <tr class={rests ? "rests" : ""}>
      <th scope="row">{row.stage}</th>
      <td class="mid wide">{machine}</td>
      <td class="number">
        <Count value={row.pending} />
      </td>
      <td class="number wide">
        <Count value={row.processing} />
      </td>
      <td class="number wide">
        <Count value={row.deferred} />
      </td>
      <td class={`number ${row.failed ? "tone-bad" : ""}`}>
        <Count value={row.failed} />
      </td>
      <td class="number wide">{oldest(row, board)}</td>
      <td class="number wide">
        <Count value={row.created_1h} />
      </td>
      <td class="number wide">
        <Count value={row.done_1h} />
      </td>
      <td class="number wide">
        <Count value={row.done_today} />
      </td>
      <td class="eta">{etaText(row.eta, language.value)}</td>
    </tr>
  );
}

function oldest(row: StageNumbers, board: Board): string {
  if (row.oldest_pending_age_sec === null) return "";
  const since = (now.value - Date.parse(board.generated_at)) / 1000;
  return duration(row.oldest_pending_age_sec + since, language.value, true);
}
