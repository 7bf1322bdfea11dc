// All of the page.
import type { ComponentType } from "preact";
import { BatchPage } from "./pages/batch";
import { FleetPage } from "./pages/fleet";
import { HistoryPage } from "./pages/history";
import { QueuePage } from "./pages/queue";
import { RunPage } from "./pages/run";
import { SchedulesPage } from "./pages/schedules";
import { ActDialog, KeysDialog } from "./parts/dialogs";
import { Header } from "./parts/header";
import { Spoken } from "./parts/headline";
import { ObjectDialog } from "./parts/object_acts";
import { ScheduleDialog } from "./parts/schedule_acts";
import { Refusal } from "./parts/sign_in";
import { helpOpen } from "./state/keys";
import { board, loading, neverSeen, refusal } from "./state/live";
import { type Page, route } from "./state/route";
import { clock, zoneName } from "./words/format";
import { words } from "./words/index";

const VIEWS: Record<Page, ComponentType> = {
  queue: QueuePage,
  run: RunPage,
  batch: BatchPage,
  schedules: SchedulesPage,
  fleet: FleetPage,
  history: HistoryPage,
};

export function App() {
  const { page, parts } = route.value;
  const View = VIEWS[page];
  const off = refusal.value !== null || neverSeen.value;
  return (
    <>
      <button type="button" class="skip" onClick={toTheSentence}>
        {words.value.skipLink}
      </button>
      <div class={`progress ${loading.value ? "on" : ""}`} />
      <Header />
      <main>{off ? <Refusal /> : <View key={`${page}/${parts.slice(0, 2).join("/")}`} />}</main>
      <Footer />
      {board.value ? <Spoken board={board.value} /> : null}
      <ActDialog />
      <ScheduleDialog />
      <ObjectDialog />
      {helpOpen.value ? (
        <KeysDialog
          onClose={() => {
            helpOpen.value = false;
          }}
        />
      ) : null}
    </>
  );
}

function toTheSentence(): void {
  document.querySelector<HTMLElement>("h1")?.focus();
}

function Footer() {
  const shown = board.value;
  if (!shown) return <footer />;
  return (
    <footer>
      {clock(shown.generated_at, shown.zone, true)} {zoneName(shown.zone)}
      {shown.shortened ? " · …" : ""}
    </footer>
  );
}
