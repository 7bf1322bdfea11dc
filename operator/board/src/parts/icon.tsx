// States as shape and colour; the word stands beside it. Shapes are told apart without the colour.
import type { JSX } from "preact";

export type Tone = "work" | "good" | "wait" | "away" | "warn" | "bad";
export type Shape = keyof typeof SHAPES;

const line = { fill: "none", stroke: "currentColor", "stroke-width": 2 } as const;

const SHAPES = {
  run: <path d="M4 3 13 8 4 13z" fill="currentColor" />,
  starting: <path d="M4.5 4 12 8 4.5 12z" {...line} stroke-linejoin="round" />,
  wait: <circle cx="8" cy="8" r="5" {...line} />,
  paused: <path d="M4 3h3v10H4zM9 3h3v10H9z" fill="currentColor" />,
  deferred: (
    <path d="M11.33 3.01A6 6 0 1 0 11.33 12.99 5 5 0 1 1 11.33 3.01z" fill="currentColor" />
  ),
  away: (
    <>
      <circle cx="8" cy="8" r="5" {...line} />
      <path d="M8 3a5 5 0 0 0 0 10z" fill="currentColor" />
    </>
  ),
  stuck: (
    <path
      d="M8 1 15 8 8 15 1 8zM7 4.5v4.6h2V4.5zM7 10.2v2h2v-2z"
      fill="currentColor"
      fill-rule="evenodd"
    />
  ),
  suspected: (
    <>
      <path d="M8 1.8 14.2 8 8 14.2 1.8 8z" {...line} stroke-width="1.6" />
      <path d="M6.4 6.6a1.6 1.6 0 1 1 2.2 1.5q-.6.3-.6 1M8 10.2v1.3" {...line} stroke-width="1.4" />
    </>
  ),
  failed: (
    <path
      d="M2 2h12v12H2zM5.9 4.5 4.5 5.9 6.6 8l-2.1 2.1 1.4 1.4L8 9.4l2.1 2.1 1.4-1.4L9.4 8l2.1-2.1-1.4-1.4L8 6.6z"
      fill="currentColor"
      fill-rule="evenodd"
    />
  ),
  stopped: <path d="M3.5 3.5h9v9h-9z" {...line} />,
  done: <path d="M3 8 7 12 13 4" {...line} stroke-width="2.4" />,
  skipped: <path d="M3 4 7 8 3 12M9 4 13 8 9 12" {...line} />,
  notRun: <path d="M4 8h8" {...line} />,
} satisfies Record<string, JSX.Element>;

interface Kind {
  shape: Shape;
  tone: Tone;
}

const KINDS: Record<string, Kind> = {};
function say(shape: Shape, tone: Tone, words: string): void {
  for (const word of words.split(" ")) KINDS[word] = { shape, tone };
}
say("run", "work", "Running active processing running");
say("starting", "work", "Starting Freezing Stopping");
say("wait", "wait", "New Queued Waiting idle pending");
say("paused", "wait", "Suspended paused Paused");
say("deferred", "away", "Deferred deferred");
say("away", "away", "Away away");
say(
  "stuck",
  "warn",
  "Stuck stuck PipelineNotFound noNode missed SourceNotReady ArtifactsUnavailable RunRefused RunsNotRemoved",
);
say("suspected", "warn", "Suspected AwaitingApproval stale CompletedWithFailures");
say(
  "failed",
  "bad",
  "StageFailed InvalidSpec RevisionLost Failed Confirmed failed DeadlineExceeded InvalidItems TooManyFailedItems NothingDone",
);
say("stopped", "wait", "Stopped Deleting Finished");
say("done", "good", "Completed Succeeded done Done Scheduled");
say("skipped", "wait", "CompletedWithSkips Skipped");
say("notRun", "wait", "NotRun");

/** Shape and colour of one of the API's words; an unknown word is plain. */
export function kindOf(word: string): Kind {
  return KINDS[word] ?? { shape: "wait", tone: "wait" };
}

export function Icon({ shape, tone, size = 16 }: Kind & { size?: number }) {
  return (
    <svg
      class={`icon tone-${tone}`}
      viewBox="0 0 16 16"
      width={size}
      height={size}
      aria-hidden="true"
      focusable="false"
    >
      {SHAPES[shape]}
    </svg>
  );
}

/** A state: its shape, its colour, its word; `word` is the API's, `text` that of the language. */
export function State({ word, text = word }: { word: string; text?: string }) {
  const kind = kindOf(word);
  return (
    <span class={`state tone-${kind.tone}`} title={text === word ? undefined : word}>
      <Icon {...kind} />
      <span>{text}</span>
    </span>
  );
}
