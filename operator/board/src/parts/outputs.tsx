// What a stage has left. Pictures are shown from memory and texts as text: what somebody uploaded
// is never opened as a page.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ask, askFile } from "../api/client";
import { words } from "../words/index";

interface Listed {
  stages: { name: string; prefix: string; files: { path: string; size: number }[] }[];
}

const PICTURES = /\.(png|jpe?g|webp|gif)$/i;
const TEXTS = /\.(txt|json|csv|md|log|html?|svg|xml|ya?ml)$/i;
const MOST_TEXT = 20_000;
const MOST_SHOWN = 1024 * 1024 * 4;

export function Outputs({
  namespace,
  run,
  stage,
}: {
  namespace: string;
  run: string;
  stage: string;
}) {
  const listed = useSignal<Listed | null>(null);
  const place = `v1/runs/${namespace}/${run}/artifacts`;
  useEffect(() => {
    listed.value = null;
    void ask<Listed>(place).then(
      ({ body }) => {
        listed.value = body;
      },
      () => {
        listed.value = { stages: [] };
      },
    );
  }, [place, stage]);
  if (!listed.value) return <p class="muted">{words.value.loading}…</p>;
  const own = listed.value.stages.find((one) => one.name === stage);
  if (!own?.files.length) return <p class="quiet-line">{words.value.noOutputs}</p>;
  return (
    <ul class="files">
      {own.files.map((file) => (
        <File key={file.path} address={`v1/artifacts/${own.prefix}/${file.path}`} file={file} />
      ))}
    </ul>
  );
}

function File({ address, file }: { address: string; file: { path: string; size: number } }) {
  const text = useSignal("");
  const picture = useSignal("");
  const isShown = file.size <= MOST_SHOWN;
  const fetched = () => askFile(address.split("/").map(encodeURIComponent).join("/"));
  const show = async () => {
    const blob = await fetched();
    if (TEXTS.test(file.path)) text.value = (await blob.text()).slice(0, MOST_TEXT);
    else picture.value = URL.createObjectURL(new Blob([blob], { type: pictureType(file.path) }));
  };
  const download = async () => {
    const link = document.createElement("a");
    // Whatever it is: as a download it runs nowhere.
    const bytes = new Blob([await fetched()], { type: "application/octet-stream" });
    link.href = URL.createObjectURL(bytes);
    link.download = file.path.split("/").at(-1) ?? "file";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <li>
      <code>{file.path}</code> <span class="muted">{Math.ceil(file.size / 1024)} kB</span>
      {isShown && (PICTURES.test(file.path) || TEXTS.test(file.path)) ? (
        <button type="button" onClick={() => void show()}>
          {words.value.showFile}
        </button>
      ) : null}
      <button type="button" onClick={() => void download()}>
        {words.value.download}
      </button>
      {text.value ? <pre>{text.value}</pre> : null}
      {picture.value ? <img src={picture.value} alt={file.path} /> : null}
    </li>
  );
}

function pictureType(path: string): string {
  const ending = path.split(".").at(-1)?.toLowerCase() ?? "";
  return `image/${ending === "jpg" ? "jpeg" : ending}`;
}
