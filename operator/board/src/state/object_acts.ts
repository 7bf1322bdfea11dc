// What a person asks of one run or batch: first a dry run by the code that acts, then the same in
// earnest.
import { signal } from "@preact/signals";
import { ask } from "../api/client";
import type { Reprocessed, RunAsked } from "../api/types";
import { messageOf } from "./acts";
import { refresh } from "./live";

export type ObjectVerb = "Stop" | "Approve" | "Reprocess";

export interface Place {
  namespace: string;
  name: string;
  title: string;
}

export interface ObjectAct {
  verb: ObjectVerb;
  of: Place;
  /** Null while it is asked for. */
  seen: Seen | null;
  fault: string;
  sending: boolean;
}

/** What a stop or an approval of a run, or a reprocess of a batch, comes to. */
export type Seen = { run: RunAsked } | { batch: Reprocessed };

export interface ObjectAnswer {
  verb: ObjectVerb;
  of: Place;
  seen: Seen;
}

export const objectAct = signal<ObjectAct | null>(null);
export const objectAnswer = signal<ObjectAnswer | null>(null);

/** How many stages, or items, it concerns. */
export function concerned(seen: Seen): number {
  return "run" in seen ? seen.run.affected.length : seen.batch.affected;
}

/** Shows what it would do; nothing is written. */
export async function beginAt(verb: ObjectVerb, of: Place): Promise<void> {
  const begun: ObjectAct = { verb, of, seen: null, fault: "", sending: false };
  objectAct.value = begun;
  objectAnswer.value = null;
  try {
    const seen = await request(begun, "", true);
    if (objectAct.value === begun) objectAct.value = { ...begun, seen };
  } catch (error) {
    if (objectAct.value === begun) objectAct.value = { ...begun, fault: messageOf(error) };
  }
}

/** Sends it once: a second click finds it sent. */
export async function confirmAt(reason: string): Promise<void> {
  const asked = objectAct.value;
  if (!asked?.seen || !concerned(asked.seen) || asked.sending) return;
  objectAct.value = { ...asked, sending: true };
  try {
    const seen = await request(asked, reason, false);
    if (seen) objectAnswer.value = { verb: asked.verb, of: asked.of, seen };
    objectAct.value = null;
    void refresh();
  } catch (error) {
    objectAct.value = { ...asked, sending: false, fault: messageOf(error) };
  }
}

async function request(asked: ObjectAct, reason: string, dry: boolean): Promise<Seen | null> {
  const { verb, of } = asked;
  const kind = verb === "Reprocess" ? "batches" : "runs";
  const place = [of.namespace, of.name].map(encodeURIComponent).join("/");
  const path = `v1/${kind}/${place}/${verb.toLowerCase()}?dry_run=${dry}`;
  if (kind === "runs") {
    const { body } = await ask<RunAsked>(path, { body: { reason } });
    return body && { run: body };
  }
  const { body } = await ask<Reprocessed>(path, { body: { reason } });
  return body && { batch: body };
}
