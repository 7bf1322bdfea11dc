import assert from "node:assert/strict";
import { test } from "node:test";
import { parsed, written } from "../src/state/route";

test("an address and its route say the same", () => {
  const route = parsed("#/run/daily/ad-1/ocr?ns=daily&state=all");
  assert.deepEqual(route, {
    page: "run",
    parts: ["daily", "ad-1", "ocr"],
    keys: { ns: "daily", state: "all" },
  });
  assert.equal(
    written(route.page, route.parts, route.keys),
    "#/run/daily/ad-1/ocr?ns=daily&state=all",
  );
});

test("what is empty is left out, and what means something in an address is escaped", () => {
  assert.equal(written("history", [], { name: "", tenant: "a&b" }), "#/history?tenant=a%26b");
  assert.deepEqual(parsed(written("run", ["a/b"], {})).parts, ["a/b"]);
});

test("an address that nobody knows is the queue", () => {
  for (const text of ["", "#", "#/", "#/nowhere", "#/%E0%A4%A"])
    assert.equal(parsed(text).page, "queue");
});
