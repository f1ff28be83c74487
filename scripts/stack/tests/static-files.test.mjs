// Names of static files: a file's name changes when anything changes that it loads, and with nothing else.
// Needs: nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { named, served } from '../static-files.mjs';

const FILES = {
  'page.html': '<link href="/assets/look.css"><script src="/assets/main.js"></script>',
  'look.css': 'body { color: red }',
  'main.js': "import { a } from './part.js';\nnew Worker('/assets/work.js');",
  'part.js': 'export const a = 1;',
  'work.js': "new Worker('/.stanchion/assets/part.js');",
  'alone.py': 'print("./look.css")',
};

const files = (changed = {}) => new Map(Object.entries({ ...FILES, ...changed }).map(([name, text]) => [name, Buffer.from(text)]));
const paths = (of) => Object.fromEntries([...named(of)].map(([name, { path }]) => [name, path]));
const text = (of, name) => named(of).get(name).content.toString();

test('a name has the hash of its file, and files name each other by it', () => {
  const { 'look.css': look, 'main.js': main, 'part.js': part, 'work.js': work, 'page.html': page } = paths(files());
  for (const [path, name] of [[look, /^assets\/look\.[0-9a-f]{16}\.css$/], [main, /^assets\/main\.[0-9a-f]{16}\.js$/]]) assert.match(path, name);
  assert.equal(page, 'pages/page.html');
  assert.equal(text(files(), 'page.html'), `<link href="/${look}"><script src="/${main}"></script>`);
  assert.equal(text(files(), 'main.js'), `import { a } from './${part.slice(7)}';\nnew Worker('/${work}');`);
  assert.equal(text(files(), 'work.js'), `new Worker('/.stanchion/${part}');`);
  assert.equal(text(files(), 'alone.py'), FILES['alone.py'], 'only scripts, styles and pages name files');
});

test('what is loaded by way of others changes all names up to the page, and nothing else', () => {
  const changed = (change) => {
    const [before, after] = [paths(files()), paths(files(change))];
    return Object.keys(before).filter((name) => before[name] !== after[name]).sort();
  };
  assert.deepEqual(changed({ 'part.js': 'export const a = 2;' }), ['main.js', 'part.js', 'work.js']);
  assert.deepEqual(changed({ 'look.css': 'body { color: blue }' }), ['look.css']);
  assert.deepEqual(changed({ 'page.html': 'other' }), []);
  assert.deepEqual(changed({}), []);
});

test('a name that leads nowhere and a circle end the build', () => {
  assert.throws(() => named(files({ 'part.js': "import './misspelt.js';" })), /part\.js names misspelt\.js, which is not there/);
  assert.throws(() => named(files({ 'part.js': "import './main.js';" })), /in a circle: .*main\.js, part\.js, main\.js/);
});

test('every asset and page is there whole and compressed, and only assets below the edge\'s own path', () => {
  const all = served(files());
  for (const { path, content } of named(files()).values()) {
    assert.deepEqual(all.get(path), content);
    assert.deepEqual(brotliDecompressSync(all.get(`br/${path}`)), content);
    assert.deepEqual(gunzipSync(all.get(`gzip/${path}`)), content);
    assert.equal(all.has(`.stanchion/${path}`), path.startsWith('assets/'));
  }
});
