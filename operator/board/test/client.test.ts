import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { askFile, Unreachable } from "../src/api/client";

/** Answers with a body that the test writes; the addresses that were asked for. */
function answering(context: TestContext): {
  asked: string[];
  body: ReadableStreamDefaultController<Uint8Array>;
} {
  const asked: string[] = [];
  let body!: ReadableStreamDefaultController<Uint8Array>;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      body = controller;
    },
  });
  Object.assign(globalThis, { document: { baseURI: "http://board.example.org/board/" } });
  context.after(() => Reflect.deleteProperty(globalThis, "document"));
  context.mock.timers.enable({ apis: ["setTimeout"] });
  context.mock.method(globalThis, "fetch", async (address: URL, { signal }: RequestInit) => {
    asked.push(address.href);
    signal?.addEventListener("abort", () => body.error(signal.reason));
    return new Response(stream);
  });
  return { asked, body };
}

/** Until whoever waits has had a turn. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a file may take longer than any answer, from the service itself", async (context) => {
  const { asked, body } = answering(context);
  const file = askFile("v1/artifacts/a/b.txt");
  for (const piece of ["one ", "two ", "three"]) {
    await turn();
    context.mock.timers.tick(7000);
    body.enqueue(new TextEncoder().encode(piece));
  }
  await turn();
  body.close();
  assert.equal(await (await file).text(), "one two three");
  assert.deepEqual(asked, ["http://board.example.org/v1/artifacts/a/b.txt?redirect=false"]);
});

test("a file of which nothing comes any more is given up", async (context) => {
  const { body } = answering(context);
  const file = askFile("v1/artifacts/a/b.txt");
  body.enqueue(new TextEncoder().encode("one "));
  await turn();
  context.mock.timers.tick(8001);
  await assert.rejects(file, Unreachable);
});
