// Bundles editor.js into one file, and beside it the licences of everything that went in.
import { readFile, readdir, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const { version } = JSON.parse(await readFile("node_modules/codemirror/package.json", "utf8"));
const folder = `../../static/vendor/codemirror-${version}`;
const { metafile } = await build({
  entryPoints: ["editor.js"], outfile: `${folder}/editor.js`, bundle: true, minify: true, metafile: true,
  format: "iife", globalName: "JsonEditor", target: "es2020", charset: "utf8", legalComments: "none",
});

const [made] = Object.values(metafile.outputs);
const packages = [...new Set(Object.entries(made.inputs).filter(([, { bytesInOutput }]) => bytesInOutput)
  .map(([path]) => path.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1]).filter(Boolean))].sort();
const licences = [];
for (const name of packages) {
  const home = `node_modules/${name}`;
  const file = (await readdir(home)).find((one) => /^licen[cs]e/i.test(one));
  const { version: of } = JSON.parse(await readFile(`${home}/package.json`, "utf8"));
  licences.push(`${name} ${of}\n\n${(await readFile(`${home}/${file}`, "utf8")).trim()}\n`);
}
await writeFile(`${folder}/LICENSE`, licences.join(`\n${"-".repeat(72)}\n\n`));
