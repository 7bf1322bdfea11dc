import assert from "node:assert/strict";
import { test } from "node:test";
import { render } from "preact-render-to-string";
import type { ScheduleDetail, ScheduleRow } from "../src/api/types";
import { byNext, Shown, Table } from "../src/pages/schedules";
import { kindOf } from "../src/parts/icon";
import { effectOf } from "../src/parts/schedule_acts";
import { rights } from "../src/state/acts";
import type { ScheduleVerb } from "../src/state/schedule_acts";

const ROW: ScheduleRow = {
  namespace: "daily",
  name: "nightly",
  uid: "u-1",
  status: "Scheduled",
  message: "",
  schedule: "0 2 * * *",
  description: "At 02:00 every day",
  timeZone: "Asia/Seoul",
  suspend: false,
  active: 1,
  lastScheduleTime: null,
  nextScheduleTime: "2099-12-02T17:00:00Z",
  next: "2099-12-03 02:00:00",
  stats: {
    totalExecutions: 43,
    successfulExecutions: 40,
    failedExecutions: 2,
    skipped: 3,
    averageExecutionSeconds: 41,
    executionSeconds: 1640,
  },
  created: "2026-01-01T00:00:00Z",
};

const DETAIL = {
  schedule: ROW,
  spec: { maxInstances: 2 },
  status: {
    nextRunTimes: ["2099-12-03T02:00:00+09:00", "2099-12-04T02:00:00+09:00"],
    queuedRuns: [{ name: "nightly-4", slot: "2026-12-04T17:00:00Z" }],
    activeRuns: [{ name: "nightly-3", uid: "3", slot: "2026-12-03T17:00:00Z", kind: "Batch" }],
    endedRuns: [
      { name: "nightly-1", uid: "1", slot: "2026-12-01T17:00:00Z", kind: "", succeeded: false },
      { name: "nightly-2", uid: "2", slot: "2026-12-02T17:00:00Z", kind: "Job", succeeded: true },
    ],
  },
} as unknown as ScheduleDetail;

function effect(verb: ScheduleVerb, affected: string[]): string {
  const effects = { affected, refused: [], intervention: "" };
  return effectOf({ verb, of: DETAIL, effects, fault: "", sending: false });
}

test("a row says when, where it stands, what is next and what has come of it", () => {
  const html = render(<Table rows={[ROW]} />);
  for (const text of ["Scheduled", "At 02:00 every day, Seoul", "never", "2 Dec 17:00", "41 s"])
    assert.ok(html.includes(text), text);
  const numbers = html.replace(/<[^>]+>/g, "");
  assert.ok(numbers.includes("40 / 2 / 3"), numbers);
  assert.ok(html.includes('href="#/schedules/daily/nightly"'));
});

test("the next to run is first, then what has ended, and what is paused last", () => {
  const later = { ...ROW, name: "later", nextScheduleTime: "2100-01-01T00:00:00Z" };
  const ended = { ...ROW, name: "ended", nextScheduleTime: null };
  const paused = { ...ROW, name: "paused", suspend: true };
  const names = byNext([paused, ended, later, ROW]).map((row) => row.name);
  assert.deepEqual(names, ["nightly", "later", "ended", "paused"]);
});

test("each word of a schedule's status has its shape", () => {
  const shapes = ["Scheduled", "Suspended", "Finished", "InvalidSpec", "RunRefused", "Unseen"];
  assert.equal(new Set(shapes.map((word) => kindOf(word).shape)).size, shapes.length);
  assert.equal(kindOf("RunsNotRemoved").tone, "warn");
});

test("its runs stand with the newest first, and lead where there is a page of them", () => {
  const html = render(<Shown detail={DETAIL} />);
  const places = [4, 3, 2, 1].map((number) => html.indexOf(`nightly-${number}`));
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
  );
  assert.ok(html.includes('href="#/batch/daily/nightly-3"'));
  assert.ok(html.includes('href="#/run/daily/nightly-1"'));
  assert.ok(!html.includes("daily/nightly-2") && !html.includes("daily/nightly-4"));
});

test("a preview says what starts, what is left out and what stays", () => {
  assert.match(
    effect("RunNow", ["a run"]),
    /^Starts one run now; 1 of 2 run\. That of .* stays\.$/,
  );
  const skip = effect("SkipNext", ["2099-12-03T02:00:00+09:00"]);
  assert.match(skip, /^Leaves out 2 Dec 17:00; the next one is 3 Dec 17:00\.$/);
  assert.match(effect("Pause", ["daily/nightly"]), /What runs goes on/);
});

test("without rights a button says which one is missing", () => {
  rights.value = { daily: ["RunNow"] };
  const html = render(<Shown detail={DETAIL} />);
  assert.equal(html.match(/aria-disabled="true"/g)?.length, 2);
  assert.ok(html.includes("or skipnext scheduledjobs, in daily."));
  assert.ok(html.includes("You may not patch scheduledjobs in daily."));
});
