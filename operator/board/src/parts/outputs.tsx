// What a stage has left. Pictures are shown from memory and texts as text: what somebody uploaded
// is never opened as a page.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask, askFile, Problem } from "../api/client";
import { words } from "../words/index";

interface Listed {
  stages: { name: string; prefix: string; files: { path: string; size: number }[] }[];
}
interface FileRow {
  path: string;
  size: number;
}

/** Raster formats alone: what is drawn by a program of somebody's is shown as its text. */
const PICTURES = /\.(png|jpe?g|webp|gif)$/i;
const PLAIN_TEXTS = /\.(txt|json|csv|md|log|ya?ml)$/i;
const TEXTS = /\.(txt|json|csv|md|log|html?|svg|xml|ya?ml)$/i;
const MOST_TEXT = 20_000;
const MOST_SHOWN = 1024 * 1024 * 4;
/** Shown without being asked for. */
const AT_ONCE = { pictures: 12, texts: 3, textBytes: 16 * 1024 };

export function Outputs(props: { namespace: string; run: string; stage: string }) {
  const { namespace, run, stage } = props;
  const listed = useSignal<Listed | null>(null);
  const fault = useSignal("");
  const place = `v1/runs/${[namespace, run].map(encodeURIComponent).join("/")}/artifacts`;
  useEffect(() => {
    listed.value = null;
    fault.value = "";
    void ask<Listed>(place).then(
      ({ body }) => {
        listed.value = body;
      },
      (error) => {
        fault.value = messageOf(error);
      },
    );
  }, [place, stage]);
  if (fault.value) return <p role="alert">{fault.value}</p>;
  if (!listed.value) return <p class="muted">{words.value.loading}…</p>;
  const own = listed.value.stages.find((one) => one.name === stage);
  if (!own?.files.length) return <p class="quiet-line">{words.value.noOutputs}</p>;
  const first = new Set([
    ...own.files.filter(isSmallPicture).slice(0, AT_ONCE.pictures),
    ...own.files.filter(isSmallText).slice(0, AT_ONCE.texts),
  ]);
  return (
    <ul class="files">
      {own.files.map((file) => (
        <File
          key={file.path}
          address={`v1/artifacts/${own.prefix}/${file.path}`}
          file={file}
          atOnce={first.has(file)}
        />
      ))}
    </ul>
  );
}

const isSmallPicture = ({ path, size }: FileRow) => PICTURES.test(path) && size <= MOST_SHOWN;
const isSmallText = ({ path, size }: FileRow) =>
  PLAIN_TEXTS.test(path) && size <= AT_ONCE.textBytes;

function File({ address, file, atOnce }: { address: string; file: FileRow; atOnce: boolean }) {
  const text = useSignal("");
  const picture = useSignal("");
  const fault = useSignal("");
  const canShow = file.size <= MOST_SHOWN && (PICTURES.test(file.path) || TEXTS.test(file.path));
  const fetched = () => askFile(address.split("/").map(encodeURIComponent).join("/"));
  const show = async () => {
    try {
      const blob = await fetched();
      if (TEXTS.test(file.path)) text.value = readable(await blob.text(), file.path);
      else picture.value = URL.createObjectURL(new Blob([blob], { type: pictureType(file.path) }));
    } catch (error) {
      fault.value = messageOf(error);
    }
  };
  useEffect(() => {
    if (atOnce) void show();
    return () => {
      if (picture.value) URL.revokeObjectURL(picture.value);
    };
  }, [address]);
  const isShown = text.value || picture.value;
  return (
    <li class={picture.value ? "picture" : ""}>
      {picture.value ? <img src={picture.value} alt={file.path} /> : null}
      <p>
        <code>{file.path}</code> <span class="muted">{sizeOf(file.size)}</span>{" "}
        {canShow && !isShown ? (
          <button type="button" onClick={() => void show()}>
            {words.value.showFile}
          </button>
        ) : null}{" "}
        <button type="button" onClick={() => void download(file, fetched, fault)}>
          {words.value.download}
        </button>
      </p>
      {fault.value ? <p role="alert">{fault.value}</p> : null}
      {text.value ? <pre>{text.value}</pre> : null}
    </li>
  );
}

async function download(
  file: FileRow,
  fetched: () => Promise<Blob>,
  fault: { value: string },
): Promise<void> {
  try {
    const link = document.createElement("a");
    // Whatever it is: as a download it runs nowhere.
    const bytes = new Blob([await fetched()], { type: "application/octet-stream" });
    link.href = URL.createObjectURL(bytes);
    link.download = file.path.split("/").at(-1) ?? "file";
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (error) {
    fault.value = messageOf(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Problem ? `${error.message}. ${error.hint}` : String(error);
}

/** JSON on lines of its own, as people read it. */
function readable(text: string, path: string): string {
  const cut = text.slice(0, MOST_TEXT);
  if (!path.endsWith(".json") || cut.length < text.length) return cut;
  try {
    return JSON.stringify(JSON.parse(text), null, 2).slice(0, MOST_TEXT);
  } catch {
    return cut;
  }
}

function sizeOf(bytes: number): string {
  return bytes < 1024 * 1024
    ? `${Math.ceil(bytes / 1024)} kB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function pictureType(path: string): string {
  const ending = path.split(".").at(-1)?.toLowerCase() ?? "";
  return `image/${ending === "jpg" ? "jpeg" : ending}`;
}
