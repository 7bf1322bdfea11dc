// The log of an attempt: kept ones are read here, of one that runs the command is told.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ask, askText, Problem } from "../api/client";
import type { RunPage, StageNode } from "../api/types";
import { words } from "../words/index";
import { Command } from "./basics";

export function Log({ run, node }: { run: RunPage; node: StageNode }) {
  const text = useSignal<string | null>(null);
  const fault = useSignal("");
  const end = useRef<HTMLPreElement>(null);
  const { namespace, name } = run.row;
  const place = `v1/runs/${namespace}/${name}/logs/${node.row.stage}`;
  useEffect(() => {
    text.value = null;
    fault.value = "";
    void newest(place).then(
      (log) => {
        text.value = log;
      },
      (error) => {
        fault.value = error instanceof Problem ? error.message : String(error);
      },
    );
  }, [place, node.row.attempt, node.row.state]);
  useEffect(() => {
    const box = end.current;
    if (box) box.scrollTop = box.scrollHeight;
  }, [text.value]);
  if (text.value) {
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
      <pre class="log" ref={end} tabIndex={0}>
        {text.value}
      </pre>
    );
  }
  return (
    <div class="empty">
      <p class="quiet-line">{fault.value || (text.value === "" ? words.value.noLog : "…")}</p>
      {node.log_attempt ? (
        <>
          <p>{words.value.liveLog}</p>
          <Command text={`stagework logs ${name} ${node.row.stage} -n ${namespace}`} />
        </>
      ) : null}
    </div>
  );
}

/** Of the last attempt whose log is kept; empty where none is. */
async function newest(place: string): Promise<string> {
  const { body } = await ask<{ attempts: number[] }>(place);
  const last = body?.attempts.at(-1);
  return last === undefined ? "" : await askText(`${place}/${last}`);
}
