// What may be asked of a schedule: buttons, the preview with its one button, and the answer.
import type { ScheduleDetail } from "../api/types";
import { forbiddenIn } from "../state/acts";
import { board, now } from "../state/live";
import { language } from "../state/preferences";
import {
  beginOn,
  confirmOn,
  placeOf,
  RIGHTS,
  type ScheduleAct,
  type ScheduleVerb,
  scheduleAct,
  scheduleAnswer,
} from "../state/schedule_acts";
import { moment } from "../words/format";
import { words } from "../words/index";
import { AskButton, AskDialog } from "./ask_dialog";

export function ScheduleActs({ detail }: { detail: ScheduleDetail }) {
  const { suspend } = detail.schedule;
  return (
    <div class="acts">
      <ActButton verb="RunNow" detail={detail} />
      <ActButton verb="SkipNext" detail={detail} />
      <ActButton verb={suspend ? "Resume" : "Pause"} detail={detail} />
    </div>
  );
}

function ActButton({ verb, detail }: { verb: ScheduleVerb; detail: ScheduleDetail }) {
  const said = words.value;
  const right = RIGHTS[verb];
  const where = forbiddenIn(right, [detail.schedule.namespace]);
  const lacks =
    right === "Suspend" ? said.mayNotPatch(where) : said.mayNotAsk(right.toLowerCase(), where);
  return (
    <AskButton
      text={`${said.scheduleVerb[verb]}…`}
      lacks={where ? lacks : ""}
      onAsk={() => void beginOn(verb, detail)}
    />
  );
}

export function ScheduleDialog() {
  const asked = scheduleAct.value;
  return asked ? <Preview key={`${asked.verb} ${placeOf(asked.of)}`} asked={asked} /> : null;
}

function Preview({ asked }: { asked: ScheduleAct }) {
  const verb = words.value.scheduleVerb[asked.verb];
  return (
    <AskDialog
      title={`${verb}: ${asked.of.schedule.name}`}
      fault={asked.fault}
      verb={verb}
      ready={Boolean(asked.effects?.affected.length) && !asked.sending}
      why={RIGHTS[asked.verb] === "Suspend" ? "none" : "asked"}
      onSend={(reason) => void confirmOn(reason)}
      onClose={() => {
        scheduleAct.value = null;
      }}
    >
      {asked.effects ? <Effects asked={asked} /> : null}
    </AskDialog>
  );
}

/** The same words before it is done and, as an answer, after. */
function Effects({ asked }: { asked: ScheduleAct }) {
  const said = words.value;
  const refused = asked.effects?.refused ?? [];
  return (
    <ul class="effects">
      {refused.length ? null : <li>{effectOf(asked)}</li>}
      {refused.map((reason) => (
        <li key={reason} class="tone-warn">
          {said.refusedHead} {said.scheduleRefusals[reason] ?? reason}
        </li>
      ))}
    </ul>
  );
}

export function effectOf({ verb, of, effects }: ScheduleAct): string {
  const said = words.value;
  const at = (time: string) => moment(time, board.value?.zone ?? "UTC", now.value, language.value);
  const slots = of.status.nextRunTimes;
  switch (verb) {
    case "RunNow":
      return said.wouldRun(of.schedule.active, of.spec.maxInstances, slots[0] ? at(slots[0]) : "");
    case "SkipNext": {
      const left = effects?.affected[0] ?? "";
      const next = slots.find((slot) => Date.parse(slot) > Date.parse(left));
      return said.wouldSkip(at(left), next ? at(next) : "");
    }
    case "Pause":
      return said.wouldPause;
    case "Resume":
      return said.wouldResume;
  }
}

/** What has come of the last request on this schedule. */
export function ScheduleAnswered({ detail }: { detail: ScheduleDetail }) {
  const given = scheduleAnswer.value;
  if (given?.place !== placeOf(detail)) return null;
  const said = words.value;
  return (
    <div class="answered" role="alert">
      {given.affected.length ? <p>{said.scheduleAsked[given.verb]}</p> : null}
      {given.refused.map((reason) => (
        <p key={reason}>
          {said.refusedHead} {said.scheduleRefusals[reason] ?? reason}
        </p>
      ))}
    </div>
  );
}
