// Bundles src/ into bundle/report.js and writes down the licences of what went into it.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const MOST = 150 * 1024; // bytes, gzipped

// The same sum as tests/report/test_report_bundle.py makes: whoever changes a source has to bundle again.
const sources = ["build.mjs", "package-lock.json", "package.json", "tsconfig.json", ...readdirSync("src").sort().map((name) => `src/${name}`)];
const sum = createHash("sha256");
for (const name of sources) sum.update(`${name}\n`).update(readFileSync(name));

const { outputFiles, metafile } = await build({
  entryPoints: ["src/main.tsx"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "ascii",
  legalComments: "none",
  metafile: true,
  write: false,
  banner: { js: `/* memjax report; sources ${sum.digest("hex")}; licences in LICENSES.txt */` },
});
const code = outputFiles[0].text;
if (/<\/script|<!--/i.test(code)) throw new Error("the bundle would end the script element that it stands in");
const size = gzipSync(code).length;
if (size > MOST) throw new Error(`${size} bytes gzipped are more than ${MOST}`);

const packages = Object.keys(metafile.outputs[Object.keys(metafile.outputs)[0]].inputs)
  .map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1])
  .filter((name) => name);
const licences = [...new Set(packages)].sort().map((name) => {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name} ${version} (${license})\n\n${readFileSync(`${folder}/${file}`, "utf8").trim()}\n`;
});

mkdirSync("bundle", { recursive: true });
writeFileSync("bundle/report.js", code);
writeFileSync("bundle/LICENSES.txt", licences.join(`\n${"-".repeat(80)}\n\n`));
console.log(`bundle/report.js: ${code.length} bytes, ${size} gzipped`);
