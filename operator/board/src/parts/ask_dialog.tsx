// The dialog before every act: what would happen, why, and one button; the harmless one is first.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { words } from "../words/index";
import { Dialog } from "./dialog";

interface Props {
  title: string;
  /** What would happen; null while it is asked for. */
  children: ComponentChildren;
  fault: string;
  /** Of the button. */
  verb: string;
  /** Whether there is anything to send. */
  ready: boolean;
  /** It takes something away. */
  harmful?: boolean;
  why: "needed" | "asked" | "none";
  onSend: (reason: string) => void;
  onClose: () => void;
}

export function AskDialog(props: Props) {
  const why = useSignal("");
  const said = words.value;
  const lacksWhy = props.why === "needed" && !why.value.trim();
  const send = (event: Event) => {
    event.preventDefault();
    if (!lacksWhy) props.onSend(why.value.trim());
  };
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      {props.children ?? (props.fault ? null : <p class="muted">{said.loading}…</p>)}
      {props.fault ? <p role="alert">{props.fault}</p> : null}
      <form onSubmit={send}>
        {props.why === "none" ? null : (
          <label class="why">
            {said.why}
            <input
              value={why.value}
              maxLength={256}
              onInput={(event) => {
                why.value = event.currentTarget.value;
              }}
            />
          </label>
        )}
        {lacksWhy ? <p class="muted">{said.whyNeeded}</p> : null}
        <div class="dialog-acts">
          <button type="button" data-first onClick={props.onClose}>
            {said.cancel}
          </button>
          <button
            type="submit"
            class={props.harmful ? "filled bad" : "filled"}
            disabled={!props.ready || lacksWhy}
          >
            {props.verb}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** A button that can be focused without the right for it, and then says which one is missing. */
export function AskButton(props: { text: string; lacks: string; onAsk: () => void }) {
  const { lacks } = props;
  return (
    <button
      type="button"
      aria-disabled={lacks ? "true" : undefined}
      title={lacks || undefined}
      aria-description={lacks || undefined}
      onClick={() => {
        if (!lacks) props.onAsk();
      }}
    >
      {props.text}
    </button>
  );
}
