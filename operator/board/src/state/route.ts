// The address is the view: `#/PAGE/...?KEY=VALUE`. A filter makes history, a selection does not.
import { computed, signal } from "@preact/signals";

export const PAGES = ["queue", "run", "batch", "schedules", "fleet", "history"] as const;
export type Page = (typeof PAGES)[number];

export interface Route {
  page: Page;
  /** What the path names behind the page, such as namespace and name. */
  parts: string[];
  keys: Record<string, string>;
}

/** What a fragment says; an unknown page is the queue. */
export function parsed(fragment: string): Route {
  const [path = "", query = ""] = fragment.replace(/^#?\/?/, "").split("?", 2);
  const [first = "", ...parts] = path.split("/").filter(Boolean).map(decode);
  const page = PAGES.find((name) => name === first) ?? "queue";
  return { page, parts, keys: Object.fromEntries(new URLSearchParams(query)) };
}

/** The fragment of a route; empty values are left out. */
export function written(page: Page, parts: string[], keys: Record<string, string>): string {
  const path = [page, ...parts.map(encodeURIComponent)].join("/");
  const query = new URLSearchParams(Object.entries(keys).filter(([, value]) => value !== ""));
  const text = query.toString();
  return `#/${path}${text ? `?${text}` : ""}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const fragment = signal(globalThis.location?.hash ?? "");
export const route = computed(() => parsed(fragment.value));

export function followAddress(): void {
  addEventListener("hashchange", () => {
    fragment.value = location.hash;
  });
}

/** Another view: Back leads here. */
export function go(page: Page, parts: string[] = [], keys: Record<string, string> = kept()): void {
  location.hash = written(page, parts, keys);
}

/** The same view with something else chosen in it: Back leads to where one came from. */
export function choose(parts: string[], changes: Record<string, string>): void {
  const { page, keys } = route.value;
  const next = written(page, parts, { ...keys, ...changes });
  history.replaceState(null, "", next);
  fragment.value = next;
}

/** Rows in another order. */
export function sortBy(sort: string): void {
  choose(route.value.parts, { sort });
}

/** A filter of this view. */
export function filter(changes: Record<string, string>): void {
  const { page, parts, keys } = route.value;
  go(page, parts, { ...keys, ...changes });
}

/** What stays from page to page. */
export function kept(): Record<string, string> {
  const { ns = "" } = route.value.keys;
  return ns ? { ns } : {};
}
