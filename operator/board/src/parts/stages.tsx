// Every stage with its numbers, in the service's order.
import type { Board, StageNumbers } from "../api/types";
import { now } from "../state/live";
import { language } from "../state/preferences";
import { duration } from "../words/format";
import { words } from "../words/index";
import { Count, Panel } from "./basics";
import { etaText } from "./eta";

export function Stages({ board }: { board: Board }) {
  const labels = new Map(board.machines.map((card) => [card.key, card.label]));
  const said = words.value;
  const titles: [string, string][] = [
    [said.waiting, ""],
    [said.running, "wide"],
    [said.deferred, "wide"],
    [said.failed, ""],
    [said.oldest, "wide"],
    [said.inPerHour, "wide"],
    [said.donePerHour, "wide"],
    [said.doneToday, "wide"],
  ];
  return (
    <Panel id="stages" title={said.stages}>
      <table>
        <caption class="hidden">{said.stagesCaption}</caption>
        <thead>
          <tr>
            <th scope="col">{said.stage}</th>
            <th scope="col" class="mid wide">
              {said.machine}
            </th>
            {titles.map(([title, width]) => (
              <th key={title} scope="col" class={`number ${width}`}>
                {title}
              </th>
            ))}
            <th scope="col" class="eta">
              {said.eta}
            </th>
          </tr>
        </thead>
        <tbody>
          {board.stages.map((row) => (
            <Row
              key={row.stage}
              row={row}
              board={board}
              machine={labels.get(row.machine) ?? row.machine}
            />
          ))}
        </tbody>
      </table>
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
