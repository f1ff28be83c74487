// The static files of the pages, as the runtimes serve them: edge-worker/web, the checker and check_draw.py, laid out as
//
//   _headers                  for Cloudflare, as in edge-worker/web
//   assets/NAME.HASH.EXT      whole files
//   .stanchion/assets/…       the same, below the edge's own path in front of a protected site
//   pages/NAME.html
//   br/…, gzip/…              assets and pages, compressed
//
// HASH is the beginning of the SHA-256 of the file, in which the names of other files are already those with their hashes.
// So a file's name changes when anything changes that it loads. docs/internals/static-files.md says how they are served.
//
//   node scripts/stack/static-files.mjs FOLDER      writes them to FOLDER, in place of what is there

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { ROOT } from './places.mjs';

const HASH_LENGTH = 16;
/** Where another file is named in a script, a style or a page: in quotes, below one of these. */
const REFERENCE = /(["'])(\.\/|\/assets\/|\/\.stanchion\/assets\/)([\w.-]+)\1/g;
/** The checker's script, which wasm-bindgen wrote, names its module so. */
const MODULE = 'checker_bg.wasm';
const GENERATED = 'checker.js';
const TEXT = /\.(?:js|css|html)$/;

/** The files as they are checked in or built, by name. */
export function sources() {
  const files = new Map();
  const read = (folder, names) => {
    for (const name of names) files.set(name, readFileSync(join(ROOT, folder, name)));
  };
  read('edge-worker/web', readdirSync(join(ROOT, 'edge-worker/web')).filter((name) => name !== '_headers'));
  read('edge-worker/checker/build', [GENERATED, MODULE]);
  read('shared', ['check_draw.py']);
  return files;
}

/**
 * Gives each file but the pages its name with its hash, and writes these names wherever files name each other.
 * @param {Map<string, Buffer>} files
 * @returns {Map<string, {path: string, content: Buffer}>} by the name in `files`; `path` is below the folder of static files
 * @throws where a file is named that is not there, or files name each other in a circle
 */
export function named(files) {
  const done = new Map();
  const open = [];
  const finish = (name, from) => {
    if (!files.has(name)) throw new Error(`${from} names ${name}, which is not there.`);
    if (open.includes(name)) throw new Error(`These files name each other in a circle: ${[...open, name].join(', ')}.`);
    if (!done.has(name)) {
      open.push(name);
      const content = TEXT.test(name) ? Buffer.from(rewritten(name, files.get(name).toString('utf8'))) : files.get(name);
      open.pop();
      done.set(name, { path: pathOf(name, content), content });
    }
    return done.get(name).path.split('/').at(-1);
  };
  const rewritten = (name, text) => {
    if (name === GENERATED) return text.replace(`'${MODULE}'`, `'${finish(MODULE, name)}'`);
    return text.replace(REFERENCE, (_, quote, folder, other) => `${quote}${folder}${finish(other, name)}${quote}`);
  };
  for (const name of files.keys()) finish(name, name);
  return done;
}

function pathOf(name, content) {
  if (name.endsWith('.html')) return `pages/${name}`;
  const hash = createHash('sha256').update(content).digest('hex').slice(0, HASH_LENGTH);
  const dot = name.lastIndexOf('.');
  return `assets/${name.slice(0, dot)}.${hash}${name.slice(dot)}`;
}

const brotli = (content) => brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } });
const gzip = (content) => gzipSync(content, { level: constants.Z_BEST_COMPRESSION });

/** All that is served. @returns {Map<string, Buffer>} by path below the folder of static files */
export function served(files) {
  const all = new Map();
  for (const { path, content } of named(files).values()) {
    all.set(path, content);
    all.set(`br/${path}`, brotli(content));
    all.set(`gzip/${path}`, gzip(content));
    if (path.startsWith('assets/')) all.set(`.stanchion/${path}`, content);
  }
  return all;
}

function write(folder) {
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  for (const [path, content] of [...served(sources()), ['_headers', readFileSync(join(ROOT, 'edge-worker/web/_headers'))]]) {
    const file = join(fresh, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  // No mark of the build and no dot file of an editor is anybody's to read.
  writeFileSync(join(fresh, '.assetsignore'), '.made-of\n');
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
}

if (process.argv[1] === import.meta.filename) write(process.argv[2]);
