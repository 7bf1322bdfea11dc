import assert from "node:assert/strict";
import { test } from "node:test";
import { render } from "preact-render-to-string";
import type { RunAsked } from "../src/api/types";
import { alike } from "../src/pages/batch";
import { effectOf, ObjectButton } from "../src/parts/object_acts";
import { type Column, sorted, TableHead } from "../src/parts/sorted_table";
import { rights } from "../src/state/acts";
import { concerned } from "../src/state/object_acts";
import { choose, route } from "../src/state/route";

const ASKED: RunAsked = {
  affected: ["overlay", "ocr_eval"],
  running: ["overlay"],
  not_run: [],
  kept: 1,
  refused: [],
  end: "Stopped",
  intervention: "",
};

test("a stop says what ends now, what is not run, and what is kept", () => {
  assert.equal(
    effectOf("Stop", { run: ASKED }),
    "Ends now: overlay. Stays not run: ocr_eval. Kept: the results of 1 stage.",
  );
  assert.equal(effectOf("Approve", { run: ASKED }), "Lets overlay, ocr_eval start.");
  const batch = { requested: 9, affected: 9, unknown: [], intervention: "" };
  assert.match(effectOf("Reprocess", { batch }), /^Runs again: 9 that failed\./);
  assert.equal(concerned({ batch }), 9);
});

test("who may stop a batch may not stop a run for that", () => {
  rights.value = { daily: ["batch Stop", "batch Reprocess"] };
  const of = { namespace: "daily", name: "ad-1", title: "Coffee poster" };
  assert.ok(
    render(<ObjectButton verb="Stop" of={of} />).includes("or stop pipelinejobs, in daily"),
  );
  assert.ok(!render(<ObjectButton verb="Reprocess" of={of} />).includes("aria-disabled"));
});

test("failures of one reason and one message are one row, the most first", () => {
  const found = alike([
    { id: "a", reason: "Timeout", message: "took 120 s" },
    { id: "b", reason: "NonZeroExit", message: "font was missing" },
    { id: "c", reason: "NonZeroExit", message: "font was missing" },
  ]);
  assert.deepEqual(
    found.map(({ reason, ids }) => [reason, ids.join()]),
    [
      ["NonZeroExit", "b,c"],
      ["Timeout", "a"],
    ],
  );
});

interface Row {
  name: string;
  failed: number | null;
}
const COLUMNS: Column<Row>[] = [
  { title: "name" },
  { title: "failed", sort: "failed", by: (row) => row.failed },
];
const ROWS: Row[] = [
  { name: "a", failed: 2 },
  { name: "b", failed: null },
  { name: "c", failed: 9 },
];

test("rows go by the address, and what is not known comes last either way", () => {
  const replaced: string[] = [];
  Object.assign(globalThis, {
    history: { replaceState: (_: unknown, __: string, url: string) => replaced.push(url) },
  });
  const names = () => sorted(ROWS, COLUMNS).map((row) => row.name);
  assert.deepEqual(names(), ["a", "b", "c"]);
  choose([], { sort: "-failed" });
  assert.equal(route.value.keys.sort, "-failed");
  assert.deepEqual(names(), ["c", "a", "b"]);
  choose([], { sort: "failed" });
  assert.deepEqual(names(), ["a", "c", "b"]);
  const html = render(<TableHead columns={COLUMNS} />);
  assert.equal(html.match(/aria-sort="ascending"/g)?.length, 1);
  choose([], { sort: "" });
  assert.deepEqual(replaced, ["#/queue?sort=-failed", "#/queue?sort=failed", "#/queue"]);
});
