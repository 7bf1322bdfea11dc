// What a page asks for beside the queue: again every 5 s while it is shown, with its ETag.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask, Problem } from "../api/client";
import { EVERY_MS } from "./live";

export interface Polled<T> {
  data: T | null;
  /** The service's no; null while all is well. */
  problem: Problem | null;
}

/** `path` of the API; an empty one asks for nothing. */
export function usePolled<T>(path: string): Polled<T> {
  const data = useSignal<T | null>(null);
  const problem = useSignal<Problem | null>(null);
  useEffect(() => {
    data.value = null;
    problem.value = null;
    return path ? poll<T>(path, data, problem) : undefined;
  }, [path]);
  return { data: data.value, problem: problem.value };
}

interface Box<T> {
  value: T;
}

function poll<T>(path: string, data: Box<T | null>, problem: Box<Problem | null>): () => void {
  let etag = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;
  const once = async () => {
    try {
      const reply = await ask<T>(path, etag ? { etag } : {});
      if (over) return;
      if (reply.body) data.value = reply.body;
      etag = reply.etag;
      problem.value = null;
    } catch (error) {
      if (over) return;
      // That nothing answers is said by the queue's own mark.
      if (error instanceof Problem) problem.value = error;
    }
    timer = setTimeout(() => void once(), EVERY_MS);
  };
  void once();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}
