// The documents agree with the code: links lead somewhere, files and variables and error words and limits are there, and
// every block of code says how it is tested.
// Needs: nothing.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { anchors, blocks, files, pages, prose, ROOT } from './pages.mjs';

const COLUMNS = 100;
const LONGEST_README = 150;
const LONGEST_ARCHITECTURE = 150;

/** READMEs of programs are found beside them; they are checked as the rest. */
const PAGES = pages();
const page = (path) => PAGES.find((one) => one.path === path);
const code = (...patterns) => files(...patterns).filter((path) => !/(^|\/)docs\//.test(path)).map((path) => readFileSync(join(ROOT, path), 'utf8'));

test('lines of documents have at most 100 columns, tables and code aside', () => {
  const long = PAGES.flatMap((one) =>
    prose(one).map((line, index) => ({ line, at: `${one.path}:${index + 1}` })).filter(({ line }) => line !== null && !line.startsWith('|') && [...line].length > COLUMNS && line.includes(' ')));
  assert.deepEqual(long.map(({ at }) => at), []);
});

test('README and ARCHITECTURE are short', () => {
  assert.ok(page('README.md').text.split('\n').length <= LONGEST_README + 1);
  assert.ok(page('ARCHITECTURE.md').text.split('\n').length <= LONGEST_ARCHITECTURE + 1);
});

test('relative links lead to a file, and to a heading of it', () => {
  const broken = [];
  for (const one of PAGES) {
    const text = prose(one).map((line) => line ?? '').join('\n').replaceAll(/`[^`]*`/g, '');
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file, anchor] = target.split('#');
      const path = file === '' ? one.path : normalize(join(dirname(one.path), file));
      if (!existsSync(join(ROOT, path))) broken.push(`${one.path}: ${target}`);
      else if (anchor && !(page(path) && anchors(page(path)).includes(anchor))) broken.push(`${one.path}: ${target}, no such heading`);
    }
  }
  assert.deepEqual(broken, []);
});

test('no page has two headings of one name: a link would lead to the first of them', () => {
  const doubles = PAGES.flatMap((one) => anchors(one).filter((anchor, index, all) => all.indexOf(anchor) !== index).map((anchor) => `${one.path}: ${anchor}`));
  assert.deepEqual(doubles, []);
});

test('files and folders that documents name are there', () => {
  // Changelogs and measurements speak of the past.
  const present = PAGES.filter(({ path }) => !['CHANGELOG.md', 'docs/measurements.md'].includes(path));
  const rooms = new Set(files('*').map((path) => path.split('/')[0]).filter((room) => statSync(join(ROOT, room)).isDirectory()));
  const missing = [];
  // What a build makes is there after it.
  const built = readFileSync(join(ROOT, '.gitignore'), 'utf8').split('\n').map((line) => line.replace(/^\//, ''));
  for (const one of present) {
    for (const [, named] of one.text.matchAll(/`([\w.-]+(?:\/[\w.*-]+)+\/?)`/g)) {
      const isPath = rooms.has(named.split('/')[0]);
      if (isPath && !named.includes('*') && !built.includes(named) && !existsSync(join(ROOT, named))) missing.push(`${one.path}: ${named}`);
    }
  }
  assert.deepEqual(missing, []);
});

test('every block of code says how it is tested', () => {
  const CLASSIFIED = ['sh', 'js', 'json', 'sql', 'toml', 'py'];
  const PLAIN = ['', 'text'];
  const HOW = /^(check|shell|shell, (expects|prints) .+|define|queue|queue of another event|file [\w.-]+)$/;
  const wrong = PAGES.flatMap(blocks).filter(({ language, how }) =>
    !(PLAIN.includes(language) || (CLASSIFIED.includes(language) && how !== null && HOW.test(how))));
  assert.deepEqual(wrong.map(({ path, line, language, how }) => `${path}:${line}: ${language}, test: ${how}`), []);
});

test('every page of docs/ is linked from another page', () => {
  const linked = new Set(PAGES.flatMap((one) => [...one.text.matchAll(/\]\(([^)\s#]+)/g)].map(([, target]) => normalize(join(dirname(one.path), target)))));
  assert.deepEqual(PAGES.map(({ path }) => path).filter((path) => path.startsWith('docs/') && !linked.has(path)), []);
});

test('configuration.md lists every variable of the code, and no other', () => {
  const names = (text) => text.match(/\bSTANCHION_[A-Z0-9_]*[A-Z0-9]\b/g) ?? [];
  // Variables that clap makes of an option's name have no other place in the code.
  const used = new Set(code(':!*.md', ':!*.lock').flatMap(names));
  const listed = new Set(page('docs/operating/configuration.md').text.split('\n').filter((line) => line.startsWith('|')).flatMap(names));
  assert.deepEqual([...used].filter((name) => !listed.has(name)).sort(), [], 'not listed');
  assert.deepEqual([...listed].filter((name) => !used.has(name)).sort(), [], 'not in the code');
});

test('other documents name no variable that is not in configuration.md', () => {
  const listed = page('docs/operating/configuration.md').text;
  const unknown = PAGES.flatMap(({ path, text }) => (text.match(/\bSTANCHION_[A-Z0-9_]*[A-Z0-9]\b/g) ?? []).filter((name) => !listed.includes(name)).map((name) => `${path}: ${name}`));
  assert.deepEqual(unknown, []);
});

test('errors.md has every error word of edge and origin, and no other', () => {
  const listed = new Set([...page('docs/reference/errors.md').text.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, word]) => word));
  const sources = code('edge-worker/src/*.rs', 'origin/src/*.rs').map((text) => text.split('#[cfg(test)]')[0]);
  const literals = new Set(sources.flatMap((text) => [...text.matchAll(/"([a-z][a-z_]*)"/g)].map(([, word]) => word)));
  assert.deepEqual([...listed].filter((word) => !literals.has(word)).sort(), [], 'listed, and not in the code');

  // How refusals are made: with a status before the word, or by a constructor that has the status in its name.
  const made = [
    /(?:Refusal|Error)::new\(\s*[\w:]+,\s*"([a-z_]+)"/g,
    /\b(?:conflict|not_found|unavailable|too_many|refused|forbidden|unprocessable|gone)\(\s*"([a-z_]+)"/g,
    /StatusCode::[A-Z_]+,\s*"([a-z_]+)"/g,
  ];
  const words = new Set(sources.flatMap((text) => made.flatMap((pattern) => [...text.matchAll(pattern)].map(([, word]) => word))));
  assert.ok(words.size > 60, `only ${words.size} words were found: are refusals made in another way now?`);
  assert.deepEqual([...words].filter((word) => !listed.has(word)).sort(), [], 'in the code, and not listed');

  const transcript = files('*transcript.txt').map((path) => readFileSync(join(ROOT, path), 'utf8')).join('\n');
  const answered = new Set([...transcript.matchAll(/"error":\s*"([a-z_]+)"/g)].map(([, word]) => word));
  assert.deepEqual([...answered].filter((word) => !listed.has(word)).sort(), [], 'answered, and not listed');
});

test('limits.md names constants that are in the code', () => {
  const table = page('docs/operating/limits.md').text.split('\n').filter((line) => line.startsWith('|'));
  const named = table.flatMap((line) => [...line.split('|').at(-2).matchAll(/`([A-Za-z_]+)`/g)].map(([, name]) => name));
  const sources = code('*.rs').join('\n');
  assert.ok(named.length > 50);
  assert.deepEqual(named.filter((name) => !new RegExp(`\\b(const|struct) ${name}\\b`).test(sources)), []);
});

test('constants that other pages name are in the code', () => {
  const sources = code('*.rs').join('\n');
  const missing = PAGES.filter(({ path }) => path.startsWith('docs/')).flatMap(({ path, text }) =>
    [...text.matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g)].map(([, name]) => name)
      .filter((name) => !name.startsWith('STANCHION_') && !new RegExp(`\\b${name}\\b`).test(sources) && !['RUST_LOG', 'CARGO_TARGET_DIR', 'TCP_NODELAY'].includes(name))
      .map((name) => `${path}: ${name}`));
  assert.deepEqual(missing, []);
});

test('each word of the glossary is there once', () => {
  const words = [...page('docs/concepts.md').text.matchAll(/^\| ([a-z][^|]*?) \|/gm)].map(([, word]) => word).filter((word) => word !== 'word');
  assert.deepEqual(words.filter((word, index) => words.indexOf(word) !== index), []);
});
