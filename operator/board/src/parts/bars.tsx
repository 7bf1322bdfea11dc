// What came and what was done in each of the last 24 hours, as bars and as a table.
import { useSignal } from "@preact/signals";
import type { HourNumbers } from "../api/types";
import { words } from "../words/index";

const WIDTH = 720;
const HEIGHT = 132;
const FLOOR = HEIGHT - 20;
const STEP = WIDTH / 24;

export function Bars({ hours }: { hours: HourNumbers[] }) {
  const asTable = useSignal(false);
  const { last24, asTable: table, asBars } = words.value;
  return (
    <>
      <div class="chart-head">
        <Legend />
        <button
          type="button"
          class="quiet"
          aria-pressed={asTable.value}
          onClick={() => {
            asTable.value = !asTable.value;
          }}
        >
          {asTable.value ? asBars : table}
        </button>
      </div>
      {asTable.value ? <HourTable hours={hours} caption={last24} /> : <Chart hours={hours} />}
    </>
  );
}

function Legend() {
  return (
    <span class="legend">
      <svg width="10" height="10" aria-hidden="true" class="tone-good">
        <rect width="10" height="10" fill="currentColor" />
      </svg>
      {words.value.done}
      <svg width="10" height="10" aria-hidden="true" class="tone-wait">
        <rect x="1" y="1" width="8" height="8" fill="none" stroke="currentColor" stroke-width="2" />
      </svg>
      {words.value.inflow}
    </span>
  );
}

function Chart({ hours }: { hours: HourNumbers[] }) {
  const most = Math.max(1, ...hours.flatMap((hour) => [hour.inflow, hour.done]));
  const tall = (value: number) => (value === 0 ? 0 : Math.max(2, (value / most) * (FLOOR - 16)));
  return (
    <svg class="bars" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={spoken(hours)}>
      <defs>
        <pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse">
          <path d="M0 4 4 0" class="hatch" />
        </pattern>
      </defs>
      <text x="0" y="10" class="axis">
        {most}
      </text>
      <line x1="0" x2={WIDTH} y1={FLOOR + 0.5} y2={FLOOR + 0.5} class="floor" />
      {hours.map((hour, place) => (
        <Hour
          key={hour.begin}
          hour={hour}
          x={place * STEP}
          done={tall(hour.done)}
          inflow={tall(hour.inflow)}
          current={place === hours.length - 1}
        />
      ))}
    </svg>
  );
}

function Hour(props: {
  hour: HourNumbers;
  x: number;
  done: number;
  inflow: number;
  current: boolean;
}) {
  const { hour, x, done, inflow, current } = props;
  const begins = Number(hour.hour.slice(0, 2));
  return (
    <g>
      <title>{words.value.bar(hour.hour, hour.inflow, hour.done)}</title>
      {begins === 0 ? <line x1={x} x2={x} y1="14" y2={FLOOR} class="midnight" /> : null}
      <rect x={x} y="0" width={STEP} height={FLOOR} fill="transparent" />
      {inflow > 0 ? (
        <rect x={x + 16} y={FLOOR - inflow + 1} width="9" height={inflow - 1} class="inflow" />
      ) : null}
      <rect x={x + 4} y={FLOOR - done} width="11" height={done} class="done" />
      {current ? (
        <rect x={x + 4} y={FLOOR - done} width="11" height={done} fill="url(#hatch)" />
      ) : null}
      {begins % 3 === 0 ? (
        <text x={x + 14} y={HEIGHT - 4} class="axis" text-anchor="middle">
          {hour.hour.slice(0, 2)}
        </text>
      ) : null}
    </g>
  );
}

function HourTable({ hours, caption }: { hours: HourNumbers[]; caption: string }) {
  const { hour, inflow, done } = words.value;
  return (
    <div class="scroller">
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{hour}</th>
            <th scope="col" class="number">
              {inflow}
            </th>
            <th scope="col" class="number">
              {done}
            </th>
          </tr>
        </thead>
        <tbody>
          {hours.map((row) => (
            <tr key={row.begin}>
              <th scope="row">{row.hour}</th>
              <td class="number">{row.inflow}</td>
              <td class="number">{row.done}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function spoken(hours: HourNumbers[]): string {
  const all = (name: "inflow" | "done") => hours.reduce((sum, hour) => sum + hour[name], 0);
  return words.value.bar(words.value.last24, all("inflow"), all("done"));
}
