// Makes the module that Cloudflare's runtime loads of what stanchion-bindgen wrote into a folder:
// index.js becomes one file, with the default export and the classes of Durable Objects that the
// runtime calls. index_bg.wasm stays a file of its own.
//
//   node scripts/stack/worker/module.mjs FOLDER
//
// Cloudflare's worker-build does the same, and more that nobody here needs; compiling it takes
// minutes, because it brings an HTTP client, TLS and five kinds of archives for what it can
// download.

import { build } from 'esbuild';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const RECOVERY = fileURLToPath(new URL('recovery.mjs', import.meta.url));

const folder = resolve(process.argv[2]);
const script = join(folder, 'index.js');

// wasm-bindgen imports the module in the way of a proposal ("source phase imports") that
// Cloudflare's bundling does not know yet.
const generated = readFileSync(script, 'utf8').replace('import source ', 'import ');
const classes = [...generated.matchAll(/^export class (\w+)/gm)].map(([, name]) => name);
writeFileSync(script, generated);
await build({
  stdin: {
    contents: `
      import * as wasm from './index.js';
      import { recovering } from ${JSON.stringify(RECOVERY)};
      const { handler, object } = recovering(wasm);
      export default handler;
      ${classes.map((name) => `export const ${name} = object(wasm.${name});`).join('\n')}`,
    resolveDir: folder,
  },
  external: ['./index_bg.wasm', 'cloudflare:*'],
  format: 'esm',
  bundle: true,
  minify: true,
  outfile: script,
  allowOverwrite: true,
  logLevel: 'warning',
});
// JavaScript of crates, which is in index.js now.
rmSync(join(folder, 'snippets'), { recursive: true, force: true });
