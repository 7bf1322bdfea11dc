// Keys: dead while somebody types, with modifiers, while a syllable is being composed, in a dialog.
import { signal } from "@preact/signals";
import { hold, paused } from "./live";
import { chooseShortcuts, shortcuts, turnTheme } from "./preferences";
import { go, type Page } from "./route";

export const helpOpen = signal(false);

const GO: Record<string, Page> = {
  q: "queue",
  b: "batch",
  s: "schedules",
  f: "fleet",
  h: "history",
};
let afterG = false;

export function followKeys(): void {
  addEventListener("keydown", (event) => {
    if (isTyping(event) || !(shortcuts.value || event.key === "?")) return;
    if (pressed(event.key)) event.preventDefault();
  });
}

function isTyping(event: KeyboardEvent): boolean {
  const { target } = event;
  const writes =
    target instanceof HTMLElement && target.matches("input:not([type=checkbox]), select, textarea");
  const elsewhere = event.ctrlKey || event.altKey || event.metaKey || event.isComposing;
  return writes || elsewhere || document.querySelector("dialog[open]") !== null;
}

function pressed(key: string): boolean {
  if (afterG) {
    afterG = false;
    const page = GO[key];
    if (page) go(page);
    return page !== undefined;
  }
  // Arrows scroll the page, but within a table.
  if (key.startsWith("Arrow") && !current()) return false;
  const done = KEYS[key];
  done?.();
  return done !== undefined;
}

const KEYS: Record<string, () => void> = {
  "/": () => document.querySelector<HTMLElement>("#search")?.focus(),
  g: () => {
    afterG = true;
  },
  j: () => step(1),
  k: () => step(-1),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
  x: () => current()?.querySelector<HTMLElement>("input[type=checkbox]")?.click(),
  r: () => actOn(0),
  s: () => actOn(1),
  p: () => hold(!paused.value),
  t: turnTheme,
  "?": () => {
    helpOpen.value = true;
    if (!shortcuts.value) chooseShortcuts(false);
  },
};

function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>("[data-rows] tbody tr")];
}

function current(): HTMLElement | null {
  return document.activeElement?.closest<HTMLElement>("[data-rows] tbody tr") ?? null;
}

function step(by: number): void {
  const all = rows();
  const here = current();
  const place = here ? all.indexOf(here) + by : by > 0 ? 0 : all.length - 1;
  all[place]?.querySelector<HTMLElement>("[data-open]")?.focus();
}

/** Of the row, where none is selected: it is selected first. */
function actOn(place: number): void {
  const row = current();
  const box = row?.querySelector<HTMLInputElement>("input[type=checkbox]");
  if (box && !document.querySelector("[data-rows] tbody input:checked")) box.click();
  const button = document.querySelectorAll<HTMLElement>(".acts button")[place];
  // The button knows of the selection once the page is drawn anew.
  requestAnimationFrame(() => button?.click());
}
