// What may be asked of one run or batch: a button, the preview with its one button, the answer.
import { forbiddenIn } from "../state/acts";
import {
  beginAt,
  concerned,
  confirmAt,
  type ObjectAct,
  type ObjectVerb,
  objectAct,
  objectAnswer,
  type Place,
  type Seen,
} from "../state/object_acts";
import { language } from "../state/preferences";
import { count } from "../words/format";
import { words } from "../words/index";
import { AskButton, AskDialog } from "./ask_dialog";

/** The right that each needs, as the state of rights has it. */
const RIGHTS: Record<ObjectVerb, string> = {
  Stop: "Stop",
  Approve: "Approve",
  Reprocess: "batch Reprocess",
};

export function ObjectButton({ verb, of }: { verb: ObjectVerb; of: Place }) {
  const said = words.value;
  const where = forbiddenIn(RIGHTS[verb], [of.namespace]);
  const plural = verb === "Reprocess" ? "batches" : "pipelinejobs";
  return (
    <AskButton
      text={`${said.objectVerb[verb]}…`}
      lacks={where ? said.mayNotOf(verb.toLowerCase(), plural, where) : ""}
      onAsk={() => void beginAt(verb, of)}
    />
  );
}

export function ObjectDialog() {
  const asked = objectAct.value;
  if (!asked) return null;
  return <Preview key={`${asked.verb} ${asked.of.namespace}/${asked.of.name}`} asked={asked} />;
}

function Preview({ asked }: { asked: ObjectAct }) {
  const { seen, verb, of } = asked;
  const said = words.value;
  return (
    <AskDialog
      title={`${said.objectVerb[verb]}: ${of.title}`}
      fault={asked.fault}
      verb={buttonOf(verb, seen)}
      ready={seen !== null && concerned(seen) > 0 && !asked.sending}
      harmful={verb === "Stop"}
      why={verb === "Stop" ? "needed" : "asked"}
      onSend={(reason) => void confirmAt(reason)}
      onClose={() => {
        objectAct.value = null;
      }}
    >
      {seen ? (
        <ul class="effects">
          {concerned(seen) ? <li>{effectOf(verb, seen)}</li> : null}
          <Refused seen={seen} />
        </ul>
      ) : null}
    </AskDialog>
  );
}

function buttonOf(verb: ObjectVerb, seen: Seen | null): string {
  const said = words.value;
  if (verb === "Stop") return said.stopRun;
  if (!seen) return said.objectVerb[verb];
  if ("run" in seen) return said.approveStages(seen.run.affected.join(", "));
  return said.reprocessItems(count(seen.batch.affected, language.value), seen.batch.affected);
}

/** The same words before it is done and, as an answer, after. */
export function effectOf(verb: ObjectVerb, seen: Seen): string {
  const said = words.value;
  if ("batch" in seen) return said.runsAgain(count(seen.batch.affected, language.value));
  const { affected, running, kept } = seen.run;
  if (verb === "Approve") return said.letsStart(affected.join(", "));
  const others = affected.filter((stage) => !running.includes(stage));
  return [
    running.length ? said.endsNow(running.join(", ")) : "",
    others.length ? said.notRun(others.join(", ")) : "",
    said.keptResults(kept),
  ]
    .filter(Boolean)
    .join(" ");
}

function Refused({ seen }: { seen: Seen }) {
  const said = words.value;
  if ("batch" in seen) {
    if (seen.batch.affected) return null;
    return <li class="tone-warn">{said.nothingToReprocess}</li>;
  }
  return (
    <>
      {seen.run.refused.map((one) => (
        <li key={one.id} class="tone-warn">
          {said.refusedHead} {one.id ? <b>{one.id}: </b> : null}
          {said.runRefusals[one.reason] ?? one.message}
        </li>
      ))}
    </>
  );
}

/** What has come of the last request on this object. */
export function ObjectAnswered({ of }: { of: Place }) {
  const given = objectAnswer.value;
  if (given?.of.namespace !== of.namespace || given.of.name !== of.name) return null;
  return (
    <div class="answered" role="alert">
      <p>{words.value.objectAsked(words.value.objectVerb[given.verb])}</p>
      <ul class="effects">
        {concerned(given.seen) ? <li>{effectOf(given.verb, given.seen)}</li> : null}
        <Refused seen={given.seen} />
      </ul>
    </div>
  );
}
