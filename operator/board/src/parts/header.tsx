// The bar on top: pages, search, namespace, the board's clock, and whether the page is live.

import { helpOpen } from "../state/keys";
import { board, EVERY_MS, notLive, now, paused, pushed, refusal } from "../state/live";
import { chooseLanguage, language, turnTheme } from "../state/preferences";
import { filter, go, kept, type Page, route } from "../state/route";
import { clock, zoneName } from "../words/format";
import { words } from "../words/index";
import { Icon } from "./icon";

const PAGES = ["queue", "batch", "schedules", "fleet", "history"] as const;

export function Header() {
  const said = words.value;
  return (
    <header class="bar">
      <a class="brand" href="#/queue">
        stagework
      </a>
      <nav aria-label={said.pages}>
        {PAGES.map((page) => (
          <PageLink key={page} page={page} text={titleOf(page)} />
        ))}
      </nav>
      <Search />
      <Namespaces />
      <div class="right">
        <LiveMark />
        <button
          type="button"
          class="quiet"
          title={said.theme}
          aria-label={said.theme}
          onClick={turnTheme}
        >
          <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
            <circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.6" />
            <path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" />
          </svg>
        </button>
        <button
          type="button"
          class="quiet"
          lang={language.value === "ko" ? "en" : "ko"}
          onClick={() => chooseLanguage(language.value === "ko" ? "en" : "ko")}
        >
          {said.language}
        </button>
        <button
          type="button"
          class="quiet"
          title={said.help}
          aria-label={said.help}
          onClick={() => {
            helpOpen.value = true;
          }}
        >
          ?
        </button>
      </div>
    </header>
  );
}

export function titleOf(page: Page): string {
  const said = words.value;
  if (page === "batch") return said.batches;
  return page === "run" ? said.run : said[page];
}

function PageLink({ page, text }: { page: Page; text: string }) {
  const here = route.value.page === page;
  const { ns = "" } = route.value.keys;
  const query = ns ? `?ns=${encodeURIComponent(ns)}` : "";
  return (
    <a href={`#/${page}${query}`} aria-current={here ? "page" : undefined}>
      {text}
    </a>
  );
}

function Search() {
  const said = words.value;
  return (
    <search class="search">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const text = String(new FormData(event.currentTarget).get("q") ?? "").trim();
          if (text) go("history", [], { ...kept(), q: text });
        }}
      >
        <input
          id="search"
          name="q"
          type="search"
          placeholder={`/ ${said.searchHint}`}
          aria-label={said.search}
          autocomplete="off"
          value={route.value.keys.q ?? ""}
          onInput={(event) => {
            if (route.value.page === "queue") filter({ q: event.currentTarget.value });
          }}
        />
      </form>
    </search>
  );
}

/** Namespaces of what is shown; the one that was chosen stays in the list. */
function Namespaces() {
  const said = words.value;
  const chosen = route.value.keys.ns ?? "";
  const names = new Set(chosen ? [chosen] : []);
  for (const row of board.value?.attention ?? []) names.add(row.namespace);
  for (const card of board.value?.machines ?? [])
    for (const work of [...card.current, ...card.holders]) names.add(work.namespace);
  return (
    <select
      aria-label={said.namespace}
      value={chosen}
      onChange={(event) => filter({ ns: event.currentTarget.value })}
    >
      <option value="">{said.allNamespaces}</option>
      {[...names].sort().map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}

function LiveMark() {
  const said = words.value;
  const shown = board.value;
  if (!shown || refusal.value) return null;
  const zone = shown.zone;
  const off = notLive.value;
  const often = pushed.value ? said.live : said.every(EVERY_MS / 1000);
  const word = off ? said.lead.not_live : paused.value ? said.heldMark : often;
  return (
    <span
      class={`live ${off ? "off" : ""}`}
      title={pushed.value ? said.pushedHint : said.polledHint}
    >
      <span class="zone">{zoneName(zone)}</span> <time>{clock(now.value, zone, true)}</time>
      <Icon
        shape={off ? "suspected" : paused.value ? "paused" : "done"}
        tone={off ? "warn" : "good"}
      />
      <span>{word}</span>
    </span>
  );
}
