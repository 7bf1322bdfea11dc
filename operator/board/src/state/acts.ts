// What a person asks for: first a preview by the code that acts, then one request, then its answer.
import { signal } from "@preact/signals";
import { ask, Problem } from "../api/client";
import type { Effects, Me, Refused } from "../api/types";
import { refresh } from "./live";

export type Verb = "Retry" | "Skip";

export interface Act {
  verb: Verb;
  ids: string[];
  /** What people call each of them, by id. */
  titles: Record<string, string>;
  /** Null while it is asked for. */
  effects: Effects | null;
  fault: string;
  sending: boolean;
}

export interface Answer {
  verb: Verb;
  requested: number;
  done: number;
  refused: (Refused & { title: string })[];
}

export const act = signal<Act | null>(null);
export const answer = signal<Answer | null>(null);
/** Ids of what has been selected. */
export const selected = signal<ReadonlySet<string>>(new Set());
/** Verbs on runs, schedules and batches by namespace; one that is not there has not been asked for. */
export const rights = signal<Record<string, string[]>>({});
export const user = signal("");

let rightsAt = 0;
const RIGHTS_MS = 60_000;

export function select(id: string, on: boolean): void {
  const next = new Set(selected.value);
  if (on) next.add(id);
  else next.delete(id);
  selected.value = next;
}

/** Shows what it would do; nothing is written. */
export async function begin(verb: Verb, titles: Record<string, string>): Promise<void> {
  const ids = Object.keys(titles);
  const begun: Act = { verb, ids, titles, effects: null, fault: "", sending: false };
  act.value = begun;
  answer.value = null;
  try {
    const { body } = await ask<Effects>(`v1/failed/${verb.toLowerCase()}/preview`, {
      body: { ids },
    });
    if (act.value?.ids === ids) act.value = { ...begun, effects: body };
  } catch (error) {
    if (act.value?.ids === ids) act.value = { ...begun, fault: messageOf(error) };
  }
}

/** Sends it once: a second click finds it sent. */
export async function confirm(reason: string): Promise<void> {
  const asked = act.value;
  if (!asked?.effects || asked.sending) return;
  act.value = { ...asked, sending: true };
  const ids = asked.effects.effects.map((effect) => effect.id);
  try {
    const { body } = await ask<Counted>(`v1/failed/${asked.verb.toLowerCase()}`, {
      body: { ids, reason },
    });
    answer.value = answered(asked, body);
    act.value = null;
    selected.value = new Set();
    void refresh();
  } catch (error) {
    act.value = { ...asked, sending: false, fault: messageOf(error) };
  }
}

interface Counted {
  requested: number;
  retried?: number;
  skipped?: number;
  refused: Refused[];
}

function answered(asked: Act, body: Counted | null): Answer {
  const refused = [...(asked.effects?.refused ?? []), ...(body?.refused ?? [])];
  return {
    verb: asked.verb,
    requested: asked.ids.length,
    done: body?.retried ?? body?.skipped ?? 0,
    refused: refused.map((one) => ({ ...one, title: asked.titles[one.id] ?? one.id })),
  };
}

/** Asks once a minute what may be done in these namespaces. */
export async function learnRights(namespaces: string[]): Promise<void> {
  const wanted = [...new Set(namespaces)].slice(0, 20);
  const isNew = wanted.some((name) => !(name in rights.value));
  if (!wanted.length || (!isNew && Date.now() - rightsAt < RIGHTS_MS)) return;
  rightsAt = Date.now();
  const query = wanted.map((name) => `namespace=${encodeURIComponent(name)}`).join("&");
  try {
    const { body } = await ask<Me>(`v1/me?${query}`);
    if (!body) return;
    user.value = body.user;
    rights.value = Object.fromEntries(
      body.rights.map((one) => [
        one.namespace,
        // A batch can be stopped, too, by who may not stop a run.
        [...one.verbs, ...one.schedule_verbs, ...one.batch_verbs.map((verb) => `batch ${verb}`)],
      ]),
    );
  } catch {
    // What may be done is asked again with each act.
  }
}

/** Where the verb is not allowed, of these namespaces; empty: it may be tried everywhere. */
export function forbiddenIn(verb: string, namespaces: string[]): string {
  return namespaces.find((name) => rights.value[name]?.includes(verb) === false) ?? "";
}

/** What went wrong, with what to do. */
export function messageOf(error: unknown): string {
  if (error instanceof Problem)
    return error.hint ? `${error.message} (${error.hint})` : error.message;
  return error instanceof Error ? error.message : String(error);
}
