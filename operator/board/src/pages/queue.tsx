// The queue: is it working, what is stuck, when will it be done, which machine is the brake.
import type { Board } from "../api/types";
import { Attention } from "../parts/attention";
import { Background, LastNight } from "../parts/background";
import { Bars } from "../parts/bars";
import { Empty, Panel } from "../parts/basics";
import { MachineCard } from "../parts/card";
import { Counts, Sentences } from "../parts/headline";
import { Stages } from "../parts/stages";
import { board, hold, waiting } from "../state/live";
import { words } from "../words/index";

export function QueuePage() {
  const shown = board.value;
  if (!shown) return <Skeleton />;
  const said = words.value;
  return (
    <>
      <Sentences board={shown} />
      <Counts board={shown} />
      {waiting.value ? (
        <button type="button" class="news" onClick={() => hold(false)}>
          {said.news}
        </button>
      ) : null}
      <WhatToType board={shown} />
      <section aria-labelledby="machines">
        <h2 id="machines" class="hidden">
          {said.machines}
        </h2>
        <div class="cards">
          {shown.machines.map((card) => (
            <MachineCard key={card.key} card={card} zone={shown.zone} />
          ))}
        </div>
      </section>
      <Attention board={shown} />
      <Stages board={shown} />
      <div class="two">
        <Panel id="last24" title={said.last24} aside={<LastNight night={shown.nights?.at(-1)} />}>
          <Bars hours={shown.trend_24h} />
        </Panel>
        <Panel id="background" title={said.background}>
          <Background rows={shown.background_jobs} />
        </Panel>
      </div>
    </>
  );
}

/** Where nothing can run, or nothing has ever run: the next command. */
function WhatToType({ board: { headline, stages } }: { board: Board }) {
  const said = words.value;
  if (headline.code === "not_installed") {
    return (
      <Empty text={said.labelNode} command="kubectl label node NODE stagework.dev/machine=gpu" />
    );
  }
  if (headline.code === "history_away") {
    return <Empty text={said.askDoctor} command="stagework doctor" />;
  }
  if (headline.code === "idle" && stages.every((row) => !row.done_today)) {
    return (
      <Empty text={said.firstRun} command="kubectl apply -n NAMESPACE -f manifests/samples/" />
    );
  }
  return null;
}

/** The places of what comes, so that nothing jumps. */
function Skeleton() {
  return (
    <div class="skeleton" aria-busy="true">
      <h1>{words.value.loading}…</h1>
    </div>
  );
}
