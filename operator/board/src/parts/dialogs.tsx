// The preview of an act with its one button, and the list of keys.
import type { Effects } from "../api/types";
import { type Act, act, confirm } from "../state/acts";
import { chooseShortcuts, shortcuts } from "../state/preferences";
import { words } from "../words/index";
import { AskDialog } from "./ask_dialog";
import { Dialog } from "./dialog";

export function ActDialog() {
  const asked = act.value;
  return asked ? <Preview key={asked.ids.join()} asked={asked} /> : null;
}

function Preview({ asked }: { asked: Act }) {
  const said = words.value;
  const isSkip = asked.verb === "Skip";
  const verb = isSkip ? said.skip : said.retry;
  const effects = asked.effects?.effects ?? [];
  return (
    <AskDialog
      title={said.previewOf(verb, asked.ids.length)}
      fault={asked.fault}
      verb={said.previewOf(verb, effects.length || asked.ids.length)}
      ready={effects.length > 0 && !asked.sending}
      harmful={isSkip}
      why={isSkip ? "needed" : "asked"}
      onSend={(reason) => void confirm(reason)}
      onClose={() => {
        act.value = null;
      }}
    >
      {asked.effects ? <Told effects={asked.effects} asked={asked} /> : null}
    </AskDialog>
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
