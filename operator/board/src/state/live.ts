// The picture of the queue, and whether it is still true.
//
// It is asked for once, and then followed by WebSocket. While none is to be had it is asked for
// every 5 s with the ETag of the last one, so that what has not changed is not sent. After 10 s
// without a word the page says so and its durations stop. 401 is a note to sign in and no loop.
import { computed, effect, signal } from "@preact/signals";
import { ask, Problem, token } from "../api/client";
import type { Board } from "../api/types";
import { route } from "./route";
import { type Following, follow, type News } from "./socket";

export const EVERY_MS = 5000;
const STALE_MS = 10_000;
const RETRY_MS = [1000, 2000, 4000, 8000, 15_000, 30_000];

export const board = signal<Board | null>(null);
/** Held while a person reads (`p`): news waits. */
export const paused = signal(false);
/** What has come while the page was held. */
export const waiting = signal<Board | null>(null);
/** 401 or 403 in the service's words; null while we may read. */
export const refusal = signal<Problem | null>(null);
export const loading = signal(false);
/** News come by themselves; else the page asks every few seconds. */
export const pushed = signal(false);
/** When the last answer came, by the server's clock; 0: none yet. */
export const seenAt = signal(0);
export const nextTryAt = signal(0);
/** Ticks each second. */
const clock = signal(Date.now());
/** The server's clock less ours. */
const offset = signal(0);
const failures = signal(0);

/** The server's now; it stands while nothing is heard, and so do durations. */
export const now = computed(() => (notLive.value ? seenAt.value : clock.value + offset.value));
export const notLive = computed(
  () =>
    failures.value > 0 && seenAt.value > 0 && clock.value + offset.value - seenAt.value > STALE_MS,
);
/** Nothing was ever heard, and asking has failed. */
export const neverSeen = computed(() => failures.value > 0 && seenAt.value === 0);
export const retryInSeconds = computed(() =>
  Math.max(0, Math.ceil((nextTryAt.value - clock.value) / 1000)),
);

let etag = "";
let etagOf = "";
let timer: ReturnType<typeof setTimeout> | undefined;
let asked = 0;
let following: Following | null = null;
let followed = "";

interface QueueNews extends News {
  etag: string;
  /** Null: it is as before. */
  board: Board | null;
}

export function start(): void {
  setInterval(() => {
    clock.value = Date.now();
  }, 1000);
  const wake = () => {
    if (document.hidden) return;
    void refresh();
    following?.wake();
  };
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  effect(() => {
    token.value;
    route.value.keys.ns;
    unfollow();
    void refresh();
  });
}

function pathOf(namespace: string): string {
  return `v1/queue${namespace ? `?${new URLSearchParams({ namespace })}` : ""}`;
}

/** The API server's proxy drops a query here: a tag that is lost costs one board, no more. */
function livePathOf(namespace: string): string {
  const path = `v1/queue/${namespace ? `${encodeURIComponent(namespace)}/` : ""}live`;
  return etag ? `${path}?${new URLSearchParams({ etag })}` : path;
}

/** What is seen now is followed; of another namespace that is another topic. */
function followAs(namespace: string): void {
  if (following && followed === namespace) return;
  unfollow();
  followed = namespace;
  following = follow<QueueNews>({
    path: () => livePathOf(namespace),
    news: (news) => {
      if (news.board) show(news.board);
      etag = news.etag;
      etagOf = pathOf(namespace);
      seen(Date.parse(news.at));
    },
    live: (on) => {
      if (on === pushed.value) return;
      pushed.value = on;
      if (on) clearTimeout(timer);
      // Nothing comes by itself any more: what is shown is in doubt until an answer has come.
      if (!on) {
        failures.value = Math.max(1, failures.value);
        void refresh();
      }
    },
  });
}

function unfollow(): void {
  following?.stop();
  following = null;
  pushed.value = false;
}

/** Now, and then at the usual pace; an answer that a later question has overtaken is dropped. */
export async function refresh(): Promise<void> {
  clearTimeout(timer);
  const mine = ++asked;
  const namespace = route.peek().keys.ns ?? "";
  const path = pathOf(namespace);
  loading.value = true;
  try {
    const reply = await ask<Board>(path, etagOf === path && etag ? { etag } : {});
    if (mine !== asked) return;
    if (reply.body) show(reply.body);
    etag = reply.etag;
    etagOf = path;
    seen(reply.at);
    followAs(namespace);
  } catch (error) {
    if (mine !== asked) return;
    failed(error);
  } finally {
    if (mine === asked) loading.value = false;
  }
}

export function hold(on: boolean): void {
  paused.value = on;
  if (!on && waiting.value) {
    board.value = waiting.value;
    waiting.value = null;
  }
}

function show(next: Board): void {
  if (paused.value && board.value) waiting.value = next;
  else board.value = next;
}

function seen(at: number): void {
  offset.value = at - Date.now();
  clock.value = Date.now();
  seenAt.value = at;
  failures.value = 0;
  refusal.value = null;
  if (!document.hidden && !pushed.value) again(EVERY_MS);
}

function failed(error: unknown): void {
  if (error instanceof Problem && (error.status === 401 || error.status === 403)) {
    refusal.value = error;
    unfollow();
    if (error.status === 403) again(30_000);
    return;
  }
  const pause = RETRY_MS[Math.min(failures.value, RETRY_MS.length - 1)] ?? EVERY_MS;
  failures.value += 1;
  again(pause * (0.8 + 0.4 * Math.random()));
}

function again(pause: number): void {
  nextTryAt.value = Date.now() + pause;
  clearTimeout(timer);
  timer = setTimeout(() => void refresh(), pause);
}
