import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, cut, duration, middleCut, moment, span, zoneName } from "../src/words/format";

test("durations read as people say them, in both languages", () => {
  const cases: [number, string, string][] = [
    [45, "45 s", "45초"],
    [119, "119 s", "119초"],
    [190, "3 min 10 s", "3분 10초"],
    [1500, "25 min", "25분"],
    [7500, "2 h 5 min", "2시간 5분"],
    [7200, "2 h", "2시간"],
    [273_600, "3 d 4 h", "3일 4시간"],
  ];
  for (const [seconds, en, ko] of cases) {
    assert.equal(duration(seconds, "en"), en);
    assert.equal(duration(seconds, "ko"), ko);
  }
  assert.equal(duration(190, "en", true), "3 min");
  assert.equal(duration(-5, "en"), "0 s");
});

test("a range is rounded up, to five minutes from two hours on, and is one where both agree", () => {
  assert.equal(span(1801, 2641, "en"), "31 to 45 min");
  assert.equal(span(1801, 2641, "ko"), "31~45분");
  assert.equal(span(1801, 1830, "en"), "31 min");
  assert.equal(span(2400, 5200, "en"), "40 min to 1 h 27 min");
  assert.equal(span(7300, 9100, "en"), "2 h 5 min to 2 h 35 min");
  assert.equal(span(null, 9100, "en"), "");
});

test("times are those of the board's zone, with the day where it is another one", () => {
  const now = Date.parse("2026-12-02T05:03:07Z");
  assert.equal(clock("2026-12-02T05:03:07Z", "Asia/Seoul"), "14:03");
  assert.equal(clock("2026-12-02T05:03:07Z", "Asia/Seoul", true), "14:03:07");
  assert.equal(clock(null, "Asia/Seoul"), "?");
  assert.equal(moment("2026-12-01T15:30:00Z", "Asia/Seoul", now, "en"), "00:30");
  assert.equal(moment("2026-12-01T14:30:00Z", "Asia/Seoul", now, "en"), "1 Dec 23:30");
  assert.equal(moment("2026-12-01T14:30:00Z", "Asia/Seoul", now, "ko"), "12월 1일 23:30");
  assert.equal(zoneName("America/New_York"), "New York");
});

test("titles lose their middle and sentences their end, by letters and not by bytes", () => {
  assert.equal(middleCut("Summer shoes"), "Summer shoes");
  assert.equal([...middleCut("가".repeat(40))].length, 24);
  assert.equal([...middleCut(`a${"👟".repeat(40)}`)].length, 24);
  assert.equal(cut("abcdef", 4), "abc…");
});
