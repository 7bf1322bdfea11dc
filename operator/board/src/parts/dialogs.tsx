// The preview of an act with its one button, and the list of keys.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Effects } from "../api/types";
import { type Act, act, confirm } from "../state/acts";
import { chooseShortcuts, shortcuts } from "../state/preferences";
import { words } from "../words/index";

/** A modal dialog of the browser: it keeps the focus, Esc closes it, and focus goes back. */
export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    box.current?.showModal();
    // Not the browser's choice: that would be the first thing that can be typed into.
    box.current?.querySelector<HTMLElement>("[data-first]")?.focus();
  }, []);
  return (
    <dialog ref={box} aria-labelledby="dialog-title" onClose={props.onClose}>
      <h2 id="dialog-title">{props.title}</h2>
      {props.children}
    </dialog>
  );
}

export function ActDialog() {
  const asked = act.value;
  return asked ? <Preview key={asked.ids.join()} asked={asked} /> : null;
}

function Preview({ asked }: { asked: Act }) {
  const why = useSignal("");
  const said = words.value;
  const isSkip = asked.verb === "Skip";
  const verb = isSkip ? said.skip : said.retry;
  const effects = asked.effects?.effects ?? [];
  const lacksWhy = isSkip && !why.value.trim();
  const close = () => {
    act.value = null;
  };
  const send = (event: Event) => {
    event.preventDefault();
    if (!lacksWhy) void confirm(why.value.trim());
  };
  return (
    <Dialog title={said.previewOf(verb, asked.ids.length)} onClose={close}>
      {asked.effects ? <Told effects={asked.effects} asked={asked} /> : null}
      {!asked.effects && !asked.fault ? <p class="muted">{said.loading}…</p> : null}
      {asked.fault ? <p role="alert">{asked.fault}</p> : null}
      <form onSubmit={send}>
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
        {lacksWhy ? <p class="muted">{said.whyNeeded}</p> : null}
        <div class="dialog-acts">
          {/* The harmless one has the first focus. */}
          <button type="button" data-first onClick={close}>
            {said.cancel}
          </button>
          <button
            type="submit"
            class={isSkip ? "filled bad" : "filled"}
            disabled={effects.length === 0 || asked.sending || lacksWhy}
          >
            {said.previewOf(verb, effects.length || asked.ids.length)}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Told({ effects, asked }: { effects: Effects; asked: Act }) {
  const said = words.value;
  return (
    <ul class="effects">
      {effects.effects.map((one) => (
        <li key={one.id}>
          <b>{one.title}</b>{" "}
          <span class="muted">
            {one.namespace}/{one.run}
          </span>
          <p>
            {asked.verb === "Skip"
              ? said.skips(one.stage)
              : said.starts(one.stage, one.next_attempt)}{" "}
            {one.waits_again.length ? `${said.waitsAgain(one.waits_again.join(", "))} ` : ""}
            {one.not_run.length ? `${said.notRun(one.not_run.join(", "))} ` : ""}
            {said.kept(one.kept)} {one.end ? said.wouldEnd(one.end) : ""}
          </p>
        </li>
      ))}
      {effects.refused.map((one) => (
        <li key={one.id} class="tone-warn">
          {said.refusedHead} <b>{asked.titles[one.id] ?? one.id}</b>: {one.message}
        </li>
      ))}
    </ul>
  );
}

export function KeysDialog({ onClose }: { onClose: () => void }) {
  const said = words.value;
  return (
    <Dialog title={said.keysTitle} onClose={onClose}>
      <dl class="keys">
        {said.keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <label class="switch">
        <input
          type="checkbox"
          checked={shortcuts.value}
          onChange={(event) => chooseShortcuts(event.currentTarget.checked)}
        />
        {said.keysOn}
      </label>
      <div class="dialog-acts">
        <button type="button" data-first onClick={onClose}>
          {said.close}
        </button>
      </div>
    </Dialog>
  );
}
