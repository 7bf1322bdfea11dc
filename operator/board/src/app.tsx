// All of the page.
import type { ComponentType } from "preact";
import { QueuePage } from "./pages/queue";
import { ActDialog, KeysDialog } from "./parts/dialogs";
import { Header } from "./parts/header";
import { Spoken } from "./parts/headline";
import { Refusal } from "./parts/sign_in";
import { helpOpen } from "./state/keys";
import { board, loading, neverSeen, refusal } from "./state/live";
import { type Page, route } from "./state/route";
import { clock, zoneName } from "./words/format";
import { words } from "./words/index";

const VIEWS: Partial<Record<Page, ComponentType>> = { queue: QueuePage };

export function App() {
  const View = VIEWS[route.value.page] ?? QueuePage;
  const off = refusal.value !== null || neverSeen.value;
  return (
    <>
      <button type="button" class="skip" onClick={toTheSentence}>
        {words.value.skipLink}
      </button>
      <div class={`progress ${loading.value ? "on" : ""}`} />
      <Header />
      <main>{off ? <Refusal /> : <View />}</main>
      <Footer />
      {board.value ? <Spoken board={board.value} /> : null}
      <ActDialog />
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
