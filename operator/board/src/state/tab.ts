// The tab tells the worst: `(2 failed) 42 waiting`, and the shape of the state as its icon.
import { lookOf, sentenceOf } from "../parts/headline";
import { words } from "../words/index";
import { board, notLive } from "./live";

/** Paths of the shapes that a headline may have, as an icon of 16 by 16. */
const PATHS: Record<string, string> = {
  run: "M4 3 13 8 4 13z",
  wait: "M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2zm0 2.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 1 1 0-7z",
  deferred: "M11.33 3.01A6 6 0 1 0 11.33 12.99 5 5 0 1 1 11.33 3.01z",
  stuck: "M8 1 15 8 8 15 1 8z",
  suspected: "M8 1 15 8 8 15 1 8zM8 4 4 8 8 12 12 8z",
  failed: "M2 2h12v12H2z",
  done: "M2 8 4 6 7 9 12 3 14 5 7 13z",
};
const COLOURS: Record<string, string> = {
  work: "#6F93FF",
  good: "#00A37F",
  wait: "#979AA6",
  away: "#8E7BE0",
  warn: "#E08A00",
  bad: "#EB7361",
};
const GREY = "#979AA6";

let shown = "";
let address = "";

export function showInTab(): void {
  const seen = board.value;
  if (!seen) return;
  const { failed, pending } = seen.totals;
  const said = words.value;
  const worst = failed ? `(${failed} ${said.failed}) ` : "";
  document.title = `${worst}${pending} ${said.waiting} · stagework`;
  const look = lookOf(sentenceOf(seen).code);
  const colour = notLive.value ? GREY : (COLOURS[look.tone] ?? GREY);
  icon(look.shape, colour);
}

function icon(shape: string, colour: string): void {
  if (shown === `${shape} ${colour}`) return;
  shown = `${shape} ${colour}`;
  const path = `<path d="${PATHS[shape] ?? PATHS.wait}" fill="${colour}" fill-rule="evenodd"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${path}</svg>`;
  const before = address;
  address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  document.querySelector("link[rel=icon]")?.setAttribute("href", address);
  if (before) URL.revokeObjectURL(before);
}
