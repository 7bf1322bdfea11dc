// Requests to the API service that serves this page. Addresses are relative to the page, so that it
// works below any path. A token that a person has typed stays in memory.
import { signal } from "@preact/signals";

export const token = signal("");

const TIMEOUT_MS = 8000;

/** An answer of 400 or more, in the service's words. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** No answer: the network, or the service, is away. */
export class Unreachable extends Error {}

export interface Reply<T> {
  /** Null where it is as before (304). */
  body: T | null;
  etag: string;
  /** The server's clock at its answer, in milliseconds since 1970. */
  at: number;
}

interface Options {
  etag?: string;
  body?: unknown;
}

/** One request; raises Problem or Unreachable. `path` begins behind the page's own folder. */
export async function ask<T>(path: string, options: Options = {}): Promise<Reply<T>> {
  const answer = await sent(path, options);
  const at = Date.parse(answer.headers.get("Date") ?? "") || Date.now();
  const etag = answer.headers.get("ETag") ?? "";
  if (answer.status === 304) return { body: null, etag: options.etag ?? etag, at };
  if (!answer.ok) throw await problemOf(answer);
  try {
    return { body: (await answer.json()) as T, etag, at };
  } catch {
    throw new Unreachable("the answer was cut off");
  }
}

/** A text, such as a log. */
export async function askText(path: string, etag = ""): Promise<Reply<string>> {
  const answer = await sent(path, etag ? { etag } : {});
  const at = Date.parse(answer.headers.get("Date") ?? "") || Date.now();
  if (answer.status === 304) return { body: null, etag, at };
  if (!answer.ok) throw await problemOf(answer);
  return { body: await answer.text(), etag: answer.headers.get("ETag") ?? "", at };
}

/** A file as it is, from the service itself: a page may ask no bucket. It may take as long as it
 * takes, while something comes. */
export async function askFile(path: string): Promise<Blob> {
  const patience = new Patience();
  try {
    const answer = await sent(`${path}?redirect=false`, {}, patience.signal);
    if (!answer.ok) throw await problemOf(answer);
    return new Blob(await piecesOf(answer, patience));
  } finally {
    patience.end();
  }
}

/** Ends a request of which nothing has come for a while. */
class Patience {
  private readonly over = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  readonly signal = this.over.signal;

  constructor() {
    this.renew();
  }

  renew(): void {
    this.end();
    this.timer = setTimeout(() => this.over.abort(), TIMEOUT_MS);
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

async function piecesOf(answer: Response, patience: Patience): Promise<BlobPart[]> {
  const pieces: BlobPart[] = [];
  const reader = answer.body?.getReader();
  try {
    for (let piece = await reader?.read(); piece?.value; piece = await reader?.read()) {
      patience.renew();
      pieces.push(piece.value);
    }
  } catch {
    throw new Unreachable("the file was cut off");
  }
  return pieces;
}

async function sent(
  path: string,
  { etag, body }: Options,
  signal = AbortSignal.timeout(TIMEOUT_MS),
): Promise<Response> {
  const headers: Record<string, string> = {};
  if (token.value) headers.Authorization = `Bearer ${token.value}`;
  if (etag) headers["If-None-Match"] = etag;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(new URL(`../${path}`, document.baseURI), {
      method: body === undefined ? "GET" : "POST",
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      cache: "no-store",
      signal,
    });
  } catch (error) {
    throw new Unreachable(String(error));
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const said = (await answer.json()) as { detail?: string; hint?: string };
    return new Problem(answer.status, said.detail ?? answer.statusText, said.hint ?? "");
  } catch {
    return new Problem(answer.status, answer.statusText, "");
  }
}
