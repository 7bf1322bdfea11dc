// Small parts that all pages use.
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { language } from "../state/preferences";
import { count } from "../words/format";
import { words } from "../words/index";

/** A number; zero is muted, what is not known is a dash. */
export function Count({ value }: { value: number | null | undefined }) {
  if (value === null || value === undefined) return <span>{words.value.unknown}</span>;
  const shown = count(value, language.value);
  return value === 0 ? <span class="muted">{shown}</span> : <span>{shown}</span>;
}

export function Panel(props: {
  title: string;
  id: string;
  /** It is the page's own title. */
  top?: boolean;
  aside?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="panel" aria-labelledby={props.id}>
      <div class="panel-head">
        {props.top ? (
          <h1 id={props.id} class="page-title" tabIndex={-1}>
            {props.title}
          </h1>
        ) : (
          <h2 id={props.id} tabIndex={-1}>
            {props.title}
          </h2>
        )}
        {props.aside}
      </div>
      {props.children}
    </section>
  );
}

/** A command to paste, with a button that copies it. */
export function Command({ text }: { text: string }) {
  const copied = useSignal(false);
  const copy = async () => {
    await navigator.clipboard?.writeText(text);
    copied.value = true;
  };
  return (
    <div class="command">
      <code>{text}</code>
      <button type="button" onClick={() => void copy()}>
        {copied.value ? words.value.copied : words.value.copy}
      </button>
    </div>
  );
}

/** Nothing is there: what it means and what to type. */
export function Empty({ text, command }: { text: string; command?: string }) {
  return (
    <div class="empty">
      <p>{text}</p>
      {command ? <Command text={command} /> : null}
    </div>
  );
}
