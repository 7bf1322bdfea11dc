// What a page asks for beside the queue: followed by WebSocket where there is a topic of it, else
// asked for again every 5 s while it is shown, with its ETag.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask, Problem } from "../api/client";
import { EVERY_MS } from "./live";
import { type Following, follow, type News } from "./socket";

export interface Polled<T> {
  data: T | null;
  /** The service's no; null while all is well. */
  problem: Problem | null;
}

/** A topic: what is shown after a piece of news; null: ask. */
export type Folded<T> = (news: News & Record<string, unknown>, before: T | null) => T | null;

/** `path` of the API; an empty one asks for nothing. With `folded` its `/live` is followed. */
export function usePolled<T>(path: string, folded?: Folded<T>): Polled<T> {
  const data = useSignal<T | null>(null);
  const problem = useSignal<Problem | null>(null);
  useEffect(() => {
    data.value = null;
    problem.value = null;
    return path ? poll<T>(path, data, problem, folded) : undefined;
  }, [path]);
  return { data: data.value, problem: problem.value };
}

interface Box<T> {
  value: T;
}

function poll<T>(
  path: string,
  data: Box<T | null>,
  problem: Box<Problem | null>,
  folded?: Folded<T>,
): () => void {
  let etag = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  let isLive = false;
  let following: Following | null = null;
  const once = async () => {
    clearTimeout(timer);
    try {
      const reply = await ask<T>(path, etag ? { etag } : {});
      if (over) return;
      if (reply.body) data.value = reply.body;
      etag = reply.etag;
      problem.value = null;
      if (folded) following ??= begun(folded);
    } catch (error) {
      if (over) return;
      // That nothing answers is said by the queue's own mark.
      if (error instanceof Problem) problem.value = error;
    }
    if (!isLive) timer = setTimeout(() => void once(), EVERY_MS);
  };
  const begun = (fold: Folded<T>) =>
    follow<News & Record<string, unknown>>({
      path: () => `${path}/live`,
      news: (news) => {
        const next = fold(news, data.value);
        if (next) data.value = next;
        else void once();
      },
      live: (on) => {
        if (on === isLive) return;
        isLive = on;
        if (on) clearTimeout(timer);
        else void once();
      },
    });
  void once();
  return () => {
    over = true;
    clearTimeout(timer);
    following?.stop();
  };
}
