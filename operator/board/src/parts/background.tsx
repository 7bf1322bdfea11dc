// Programs that are no pipelines, as they say of themselves; and what the last night was like.
import type { BackgroundRow, Night } from "../api/types";
import { language } from "../state/preferences";
import { count, duration } from "../words/format";
import { words } from "../words/index";
import { State } from "./icon";

export function Background({ rows }: { rows: BackgroundRow[] }) {
  const said = words.value;
  if (rows.length === 0) return <p class="quiet-line">{said.noBackground}</p>;
  return (
    <table>
      <caption class="hidden">{said.backgroundCaption}</caption>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <td>
              <State word={wordOf(row)} text={said[wordOf(row)]} />
            </td>
            <th scope="row" class="title">
              {row.label}
              {row.error ? <span class="cause"> {row.error}</span> : null}
            </th>
            <td class="number">{progressOf(row)}</td>
            <td class="number time">{duration(row.elapsed_sec, language.value, true)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function wordOf(row: BackgroundRow): "stale" | "running" | "done" | "failed" {
  return row.stale ? "stale" : row.state;
}

function progressOf(row: BackgroundRow): string {
  if (row.processed === null) return "";
  const processed = count(row.processed, language.value);
  return row.total === null ? processed : `${processed}/${count(row.total, language.value)}`;
}

export function LastNight({ night }: { night: Night | undefined }) {
  if (!night) return null;
  const said = words.value;
  const whole = (value: number) => count(value, language.value);
  return (
    <p class="night">
      <b>{said.night}</b> 22–06: {said.nightDone(whole(night.done), whole(night.failed))}
      {night.usual_low !== null && night.usual_high !== null ? (
        <span class="muted">
          {" "}
          · {said.nightUsual(whole(night.usual_low), whole(night.usual_high))}
        </span>
      ) : null}
    </p>
  );
}
