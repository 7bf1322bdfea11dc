// A table that can be sorted: by the address, so that a link keeps the order.
import type { JSX } from "preact";
import { route, sortBy } from "../state/route";
import { words } from "../words/index";

export interface Column<T> {
  title: string;
  class?: string;
  /** Its word in the address; without one it cannot be sorted. */
  sort?: string;
  /** What it is sorted by; what is not known comes last. */
  by?: (row: T) => string | number | null;
}

interface Shown<T> {
  caption: string;
  columns: Column<T>[];
  rows: readonly T[];
  /** A row with its key; the first one shown is told apart. */
  draw: (row: T, first: boolean) => JSX.Element;
  class?: string;
  /** Whether keys go from row to row. */
  byKeys?: boolean;
}

export function SortedTable<T>({ caption, columns, rows, draw, byKeys = true, ...more }: Shown<T>) {
  return (
    <table data-rows={byKeys || undefined} class={more.class}>
      <caption class="hidden">{caption}</caption>
      <TableHead columns={columns} />
      <tbody>{sorted(rows, columns).map((row, place) => draw(row, place === 0))}</tbody>
    </table>
  );
}

export function TableHead<T>({ columns }: { columns: Column<T>[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column) => (
          <Head key={column.title} column={column} />
        ))}
      </tr>
    </thead>
  );
}

function Head<T>({ column }: { column: Column<T> }) {
  const { title, sort } = column;
  if (!sort) {
    return (
      <th scope="col" class={column.class}>
        {title}
      </th>
    );
  }
  const now = route.value.keys.sort ?? "";
  const order = now === sort ? "ascending" : now === `-${sort}` ? "descending" : undefined;
  // Up, down, and as the service has it.
  const next = order === "ascending" ? `-${sort}` : order === "descending" ? "" : sort;
  return (
    <th scope="col" class={column.class} aria-sort={order}>
      <button type="button" class="sort" title={words.value.sortHint} onClick={() => sortBy(next)}>
        {title}
        <svg width="8" height="12" viewBox="0 0 8 12" aria-hidden="true">
          {order === "descending" ? null : <path d="M4 1 7 5H1z" />}
          {order === "ascending" ? null : <path d="M4 11 1 7h6z" />}
        </svg>
      </button>
    </th>
  );
}

/** In the order of the address; equal ones as they were. */
export function sorted<T>(rows: readonly T[], columns: Column<T>[]): T[] {
  const sort = route.value.keys.sort ?? "";
  const word = sort.replace(/^-/, "");
  const by = columns.find((column) => column.sort && column.sort === word)?.by;
  if (!by) return [...rows];
  const sign = sort.startsWith("-") ? -1 : 1;
  return [...rows].sort((a, b) => compared(by(a), by(b), sign));
}

function compared(a: string | number | null, b: string | number | null, sign: number): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b));
}
