// The log of a stage: as it is written while the stage is at work, and the kept ones of attempts
// that failed, also when their Pods are gone.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { ask, askText, Problem } from "../api/client";
import type { RunPage, StageNode } from "../api/types";
import { words } from "../words/index";
import { Command } from "./basics";

const EVERY_MS = 2000;
const NOT_THERE = 404;

export function Log({ run, node }: { run: RunPage; node: StageNode }) {
  const { namespace, name } = run.row;
  const place = `v1/runs/${[namespace, name].map(encodeURIComponent).join("/")}/logs/${node.row.stage}`;
  const kept = useSignal<number[] | null>(null);
  const fault = useSignal("");
  const isAtWork = node.started_at !== null && node.ended_at === null;
  /** 0: the one at work. */
  const shown = useSignal(0);
  useEffect(() => {
    kept.value = null;
    fault.value = "";
    void ask<{ attempts: number[] }>(place).then(
      ({ body }) => {
        kept.value = body?.attempts ?? [];
        shown.value = isAtWork ? 0 : (kept.value.at(-1) ?? 0);
      },
      (error) => {
        fault.value = error instanceof Problem ? `${error.message}. ${error.hint}` : String(error);
      },
    );
  }, [place, node.row.attempt, node.row.state]);
  if (fault.value) return <p role="alert">{fault.value}</p>;
  if (!kept.value) return <p class="muted">{words.value.loading}…</p>;
  return (
    <>
      <Choice kept={kept.value} isAtWork={isAtWork} shown={shown} attempt={node.row.attempt} />
      {shown.value ? (
        <Kept key={`${place}/${shown.value}`} path={`${place}/${shown.value}`} />
      ) : isAtWork ? (
        <Live key={place} path={`${place}/now`} />
      ) : (
        <Nothing run={run} node={node} />
      )}
    </>
  );
}

function Choice(props: {
  kept: number[];
  isAtWork: boolean;
  shown: Signal<number>;
  attempt: number;
}) {
  const { kept, isAtWork, shown, attempt } = props;
  const said = words.value;
  if (kept.length + Number(isAtWork) < 1) return null;
  const choices = [
    ...kept.map((one) => ({ value: one, text: said.keptLog(one) })),
    ...(isAtWork ? [{ value: 0, text: said.logAtWork(attempt) }] : []),
  ];
  return (
    <div class="tabs">
      {choices.map(({ value, text }) => (
        <button
          key={value}
          type="button"
          class="quiet"
          aria-pressed={shown.value === value}
          onClick={() => {
            shown.value = value;
          }}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

function Nothing({ run, node }: { run: RunPage; node: StageNode }) {
  const { namespace, name } = run.row;
  return (
    <div class="empty">
      <p class="quiet-line">{words.value.noLog}</p>
      {node.log_attempt ? (
        <Command text={`stagework logs ${name} ${node.row.stage} -n ${namespace}`} />
      ) : null}
    </div>
  );
}

function Kept({ path }: { path: string }) {
  const text = useSignal<string | null>(null);
  useEffect(() => {
    void askText(path).then(
      ({ body }) => {
        text.value = body ?? "";
      },
      (error) => {
        text.value = error instanceof Problem ? error.message : String(error);
      },
    );
  }, [path]);
  return <Text text={text.value ?? `${words.value.loading}…`} />;
}

function Live({ path }: { path: string }) {
  const text = useSignal<string | null>(null);
  const fault = useSignal("");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    let etag = "";
    const once = async () => {
      try {
        const reply = await askText(path, etag);
        if (over) return;
        if (reply.body !== null) text.value = reply.body;
        etag = reply.etag;
        fault.value = "";
      } catch (error) {
        if (over) return;
        const isEarly = error instanceof Problem && error.status === NOT_THERE;
        fault.value = isEarly
          ? words.value.noLogYet
          : error instanceof Problem
            ? error.message
            : words.value.notReached;
      }
      timer = setTimeout(() => void once(), EVERY_MS);
    };
    void once();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [path]);
  return (
    <>
      {fault.value ? <p class="quiet-line">{fault.value}</p> : null}
      {text.value === null ? null : <Text text={text.value} />}
    </>
  );
}

/** Stands at its end, and stays there while the reader does. */
function Text({ text }: { text: string }) {
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    const now = box.current;
    if (now && atEnd.current) now.scrollTop = now.scrollHeight;
  }, [text]);
  return (
    <pre
      class="log"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
      tabIndex={0}
      onScroll={({ currentTarget: now }) => {
        atEnd.current = now.scrollHeight - now.scrollTop - now.clientHeight < 24;
      }}
    >
      {text}
    </pre>
  );
}
