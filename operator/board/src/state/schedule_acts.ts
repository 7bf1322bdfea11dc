// What a person asks of a schedule: first a dry run by the code that acts, then the same in earnest.
import { signal } from "@preact/signals";
import { ask } from "../api/client";
import type { ScheduleAsked, ScheduleDetail } from "../api/types";
import { messageOf } from "./acts";

export type ScheduleVerb = "RunNow" | "SkipNext" | "Pause" | "Resume";

const PATHS = { RunNow: "run-now", SkipNext: "skip-next", Pause: "pause", Resume: "resume" };
/** The right that each needs, as `GET /v1/me` has it. */
export const RIGHTS = {
  RunNow: "RunNow",
  SkipNext: "SkipNext",
  Pause: "Suspend",
  Resume: "Suspend",
} as const;

export interface ScheduleAct {
  verb: ScheduleVerb;
  /** As it was when the person asked. */
  of: ScheduleDetail;
  /** Null while it is asked for; that of a pause changes nothing else and refuses nothing. */
  effects: ScheduleAsked | null;
  fault: string;
  sending: boolean;
}

export interface ScheduleAnswer {
  verb: ScheduleVerb;
  /** `NAMESPACE/NAME` of what it was asked of. */
  place: string;
  affected: string[];
  refused: string[];
}

export const scheduleAct = signal<ScheduleAct | null>(null);
export const scheduleAnswer = signal<ScheduleAnswer | null>(null);

/** Shows what it would do; nothing is written. */
export async function beginOn(verb: ScheduleVerb, of: ScheduleDetail): Promise<void> {
  const begun: ScheduleAct = { verb, of, effects: null, fault: "", sending: false };
  scheduleAct.value = begun;
  scheduleAnswer.value = null;
  try {
    const effects = await request(begun, "", true);
    if (scheduleAct.value === begun) scheduleAct.value = { ...begun, effects };
  } catch (error) {
    if (scheduleAct.value === begun) scheduleAct.value = { ...begun, fault: messageOf(error) };
  }
}

/** Sends it once: a second click finds it sent. */
export async function confirmOn(reason: string): Promise<void> {
  const asked = scheduleAct.value;
  if (!asked?.effects?.affected.length || asked.sending) return;
  scheduleAct.value = { ...asked, sending: true };
  try {
    const { affected, refused } = await request(asked, reason, false);
    scheduleAnswer.value = { verb: asked.verb, place: placeOf(asked.of), affected, refused };
    scheduleAct.value = null;
  } catch (error) {
    scheduleAct.value = { ...asked, sending: false, fault: messageOf(error) };
  }
}

export function placeOf({ schedule }: ScheduleDetail): string {
  return `${schedule.namespace}/${schedule.name}`;
}

/** A pause and a resume answer with the schedule as it is then: that is what they change. */
async function request(asked: ScheduleAct, reason: string, dry: boolean): Promise<ScheduleAsked> {
  const path = `v1/schedules/${placeOf(asked.of)}/${PATHS[asked.verb]}?dry_run=${dry}`;
  const { body } = await ask<ScheduleAsked | ScheduleDetail>(path, { body: { reason } });
  if (body && "affected" in body) return body;
  return { affected: body ? [placeOf(body)] : [], refused: [], intervention: "" };
}
