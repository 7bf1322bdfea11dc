// Bundles the page: `node build.mjs OUT` writes index.html, one script and one style sheet, whose
// names have their digests in them. `--tests` bundles the component tests into one file for node.
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";

const jsx = { jsx: "automatic", jsxImportSource: "preact" };

async function bundleTests() {
  await build({
    ...jsx,
    entryPoints: ["test/all.ts"],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node18",
    outfile: ".tests/all.mjs",
    logLevel: "warning",
  });
}

async function bundlePage(out) {
  const { metafile } = await build({
    ...jsx,
    entryPoints: { board: "src/main.tsx" },
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022"],
    entryNames: "[name]-[hash]",
    outdir: out,
    metafile: true,
    legalComments: "none",
    logLevel: "warning",
  });
  const names = Object.keys(metafile.outputs).map((path) => basename(path));
  const named = (ending) => names.find((name) => name.endsWith(ending));
  const html = (await readFile("src/index.html", "utf8"))
    .replace("board.css", named(".css"))
    .replace("board.js", named(".js"));
  await mkdir(out, { recursive: true });
  await writeFile(join(out, "index.html"), html);
  await copyFile("src/icon.svg", join(out, "icon.svg"));
}

const [target] = process.argv.slice(2);
if (!target) throw new Error("say where: node build.mjs OUT, or --tests");
await (target === "--tests" ? bundleTests() : bundlePage(target));
