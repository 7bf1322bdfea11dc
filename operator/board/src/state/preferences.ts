// What a person has chosen of this page. The browser's own wish holds until then.
import { effect, signal } from "@preact/signals";

export type Theme = "" | "light" | "dark";
export type Language = "en" | "ko";

function stored(name: string): string {
  try {
    return localStorage.getItem(`stagework-${name}`) ?? "";
  } catch {
    return "";
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`stagework-${name}`, value);
  } catch {
    // A private window: it holds for as long as the page is open.
  }
}

function firstLanguage(): Language {
  const wished = stored("language") || globalThis.navigator?.language || "en";
  return wished.startsWith("ko") ? "ko" : "en";
}

export const theme = signal<Theme>(stored("theme") as Theme);
export const language = signal<Language>(firstLanguage());
export const shortcuts = signal(stored("shortcuts") !== "off");

export function chooseTheme(next: Theme): void {
  theme.value = next;
  keep("theme", next);
}

export function chooseLanguage(next: Language): void {
  language.value = next;
  keep("language", next);
}

export function chooseShortcuts(on: boolean): void {
  shortcuts.value = on;
  keep("shortcuts", on ? "on" : "off");
}

/** Turns to the other theme than the one that is seen. */
export function turnTheme(): void {
  const dark = theme.value
    ? theme.value === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  chooseTheme(dark ? "light" : "dark");
}

/** The document says what was chosen: styles and screen readers go by it. */
export function applyPreferences(): void {
  effect(() => {
    document.documentElement.lang = language.value;
    if (theme.value) document.documentElement.dataset.theme = theme.value;
    else delete document.documentElement.dataset.theme;
  });
}
