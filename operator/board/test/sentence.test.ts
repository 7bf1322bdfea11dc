import assert from "node:assert/strict";
import { test } from "node:test";
import type { Args, Code, Headline } from "../src/api/types";
import { en } from "../src/words/en";
import { ko } from "../src/words/ko";
import { MOST_LETTERS, sentence, written } from "../src/words/sentence";

const LONG = "a very long title of an advertisement that nobody could read";
const CASES: Record<Code, Args> = {
  well: { done_today: 318, last_seconds: 240 },
  working: { running: 3, waiting: 42, p50_seconds: 1800, p90_seconds: 2700 },
  away: {
    machine: "MacBook",
    since: "2026-12-02T00:10:00Z",
    deferred: 12,
    fallback_at: "2026-12-02T05:25:00Z",
  },
  stuck: {
    title: "Summer shoes",
    stage: "fetch",
    seconds: 900,
    cause: "ImagePullBackOff: image not found",
    count: 1,
  },
  failing: { failed: 7, failed_1h: 7, at_stage: 5, stage: "ocr_eval", cause: "font was missing" },
  behind: { stage: "summarize", inflow: 50, done: 40 },
  history_away: { seconds: 360 },
  not_live: { since: "14:02:07", seconds: 8 },
  no_rights: { what: "you may not list pipelinejobs in daily" },
  not_installed: {},
  idle: { last_seconds: 259_200 },
  night: { machine: "MacBook", deferred: 12 },
};

function say(code: Code, language: "en" | "ko", args = CASES[code], notes: Headline["notes"] = []) {
  return written(sentence({ code, args, notes }, "Asia/Seoul", language));
}

test("every code has its sentence in English", () => {
  assert.equal(say("well", "en"), "All well: nothing waits; 318 done today, the last 4 min ago.");
  assert.equal(say("working", "en"), "Working: 3 running, 42 waiting, done in 30 to 45 min.");
  assert.equal(
    say("away", "en"),
    "Waiting for MacBook: away since 09:10, 12 deferred; the next class from 14:25.",
  );
  assert.equal(
    say("stuck", "en"),
    'Stuck: "Summer shoes" cannot start fetch for 15 min: image not found.',
  );
  assert.equal(
    say("failing", "en"),
    "Failing: 7 failed in the last hour, 5 at ocr_eval: font was missing.",
  );
  assert.equal(
    say("behind", "en"),
    "Falling behind: summarize gets 50 an hour and does 40; no end in sight.",
  );
});

test("every code has its sentence in Korean, without a particle behind a variable", () => {
  assert.equal(say("well", "ko"), "정상: 대기 없음, 오늘 318건 완료, 마지막 완료 4분 전.");
  assert.equal(say("working", "ko"), "작업 중: 실행 3건, 대기 42건, 30~45분 후 완료 예상.");
  assert.equal(
    say("stuck", "ko"),
    '멈춤: "Summer shoes" fetch 단계 15분째 시작 불가(image not found).',
  );
});

test("no sentence is longer than 120 letters, whatever people call things", () => {
  const notes = [{ code: "failing" as const, args: { failed: 2, stage: LONG } }];
  for (const code of Object.keys(CASES) as Code[]) {
    for (const language of ["en", "ko"] as const) {
      for (const args of [CASES[code], { ...CASES[code], title: LONG, cause: LONG.repeat(4) }]) {
        const said = say(code, language, args, notes);
        assert.ok([...said].length <= MOST_LETTERS, `${said.length}: ${said}`);
        assert.ok(!/undefined|null|NaN/.test(said), said);
      }
    }
  }
});

test("a note follows where there is room", () => {
  const notes = [{ code: "failing" as const, args: { failed: 2, stage: "ocr_eval" } }];
  assert.ok(say("working", "en", CASES.working, notes).endsWith("; 2 failed at ocr_eval."));
});

test("at rest a failure needs you", () => {
  const args = { ...CASES.failing, failed_1h: 0, failed: 2 };
  assert.ok(say("failing", "en", args).startsWith("Needs you: 2 failed"));
  assert.ok(say("failing", "ko", args).startsWith("확인 필요: 실패 2건"));
});

test("both languages have the same keys, and none is empty", () => {
  const keys = (words: object): string[] =>
    Object.entries(words).flatMap(([key, value]) =>
      typeof value === "object" && !Array.isArray(value)
        ? keys(value).map((inner) => `${key}.${inner}`)
        : [key],
    );
  assert.deepEqual(keys(ko).sort(), keys(en).sort());
  for (const words of [en, ko])
    for (const value of Object.values(words)) assert.notEqual(value, "");
});
