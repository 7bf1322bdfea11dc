import assert from "node:assert/strict";
import { test } from "node:test";
import { render } from "preact-render-to-string";
import type { AttentionRow, Card, QueueEta } from "../src/api/types";
import { matching } from "../src/parts/attention";
import { Bars } from "../src/parts/bars";
import { Count } from "../src/parts/basics";
import { MachineCard } from "../src/parts/card";
import { etaText } from "../src/parts/eta";
import { kindOf, State } from "../src/parts/icon";

const ETA: QueueEta = {
  pending: 34,
  done_rate_1h: 96,
  inflow_rate_1h: 34,
  eta_minutes: 33,
  range: { p50_seconds: 1800, p90_seconds: 2700, reason: "" } as unknown as NonNullable<
    QueueEta["range"]
  >,
  why_none: "",
  hours: 1,
};

const CARD: Card = {
  key: "gpu",
  label: "GPU server",
  state: "active",
  stages: ["overlay"],
  pending: 34,
  processing: 5,
  failed: 0,
  done_1h: 96,
  done_today: 201,
  deferred_pending: 0,
  current: [
    {
      document_id: "d",
      title: "<b>Coffee</b> poster",
      stage: "overlay",
      namespace: "daily",
      run: "ad-1",
      started_at: null,
      usual_seconds: null,
    },
  ],
  slots_used: 2,
  slots_total: 2,
  nodes_ready: 2,
  nodes_total: 2,
  holders: [],
  away_since: null,
  fallback_at: null,
  eta: ETA,
};

function card(changes: Partial<Card> = {}): string {
  return render(<MachineCard card={{ ...CARD, ...changes }} zone="Asia/Seoul" />);
}

test("a card says its numbers, its state as a word, and when it will be done", () => {
  const html = card();
  for (const said of [
    "GPU server",
    "active",
    "2/2",
    "96 last h",
    "201 today",
    "done in 30 to 45 min",
  ])
    assert.ok(html.includes(said), said);
});

test("what is not named is counted", () => {
  assert.ok(card().includes("and 4 more"));
});

test("titles are text, whatever stands in them", () => {
  assert.ok(card().includes("&lt;b>Coffee"));
});

test("slots that nobody could count are a dash", () => {
  assert.ok(card({ slots_total: null }).includes("–/–"));
});

test("a class without a ready node says so while something waits for it", () => {
  const lost = { nodes_ready: 0, state: "idle", pending: 3 } as const;
  assert.ok(card(lost).includes("no ready node"));
  assert.ok(!card({ ...lost, pending: 0 }).includes("no ready node"));
});

test("a machine that is away says so, whatever it did a moment ago", () => {
  const gone = { away_since: "2026-12-02T00:10:00Z", nodes_ready: 0, pending: 0 };
  for (const state of ["active", "deferred", "idle"] as const) {
    const html = card({ ...gone, state });
    assert.ok(html.includes(render(<State word="away" />)), state);
    assert.ok(!html.includes(">active<"), state);
  }
});

test("an end that nobody can tell says why", () => {
  const without = { ...ETA, range: null, eta_minutes: null };
  assert.equal(
    etaText(
      { ...without, why_none: "InflowOutrunsOutput", inflow_rate_1h: 50, done_rate_1h: 40 },
      "en",
    ),
    "none: in 50/h, out 40/h",
  );
  assert.equal(etaText({ ...without, why_none: "NoHistoryYet" }, "en"), "no history yet");
  assert.equal(
    etaText({ ...without, eta_minutes: 31.2, why_none: "Unsteady" }, "en"),
    "about 32 min, unsteady",
  );
  assert.equal(etaText({ ...ETA, pending: 0 }, "en"), "");
});

test("zero is muted, and what is unknown is a dash", () => {
  assert.equal(render(<Count value={0} />), '<span class="muted">0</span>');
  assert.equal(render(<Count value={null} />), "<span>–</span>");
  assert.equal(render(<Count value={1200} />), "<span>1,200</span>");
});

test("a state is a word and a shape; an unknown word is plain", () => {
  const html = render(<State word="Failed" text="실패" />);
  assert.ok(html.includes("실패") && html.includes('title="Failed"') && html.includes("<svg"));
  assert.deepEqual(kindOf("SomethingNew"), { shape: "wait", tone: "wait" });
});

test("states that differ in what to do differ in their shapes", () => {
  const shapes = [
    "Running",
    "Queued",
    "Deferred",
    "Stuck",
    "Failed",
    "Succeeded",
    "Skipped",
    "NotRun",
  ];
  assert.equal(new Set(shapes.map((word) => kindOf(word).shape)).size, shapes.length);
});

test("bars begin at nothing, and each hour has its numbers as text", () => {
  const hours = Array.from({ length: 24 }, (_, place) => ({
    hour: `${String(place).padStart(2, "0")}:00`,
    begin: `2026-12-02T${place}`,
    inflow: place,
    done: 0,
  }));
  const html = render(<Bars hours={hours} />);
  assert.ok(html.includes("23:00: 23 came, 0 done"));
  assert.equal(html.match(/class="inflow"/g)?.length, 23);
  assert.ok(html.includes('role="img"'));
});

test("a search finds Hangul in either normal form, and anything of a row", () => {
  const row = { title: "골목길의 저녁", run: "ad-1", stage: "ocr", cause: "", id: "u/ocr/1" };
  const rows = [row as AttentionRow];
  for (const query of ["골목길".normalize("NFD"), "AD-1", "ocr", ""])
    assert.equal(matching(rows, query).length, 1, query);
  assert.equal(matching(rows, "tea").length, 0);
});
