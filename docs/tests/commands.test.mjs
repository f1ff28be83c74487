// The commands and examples of the documents do what they say. The comment above a block of code says how it is tested:
//
//   shell                run, after the page's other shell blocks and in the same shell; no answer may be an error
//   shell, expects WORD  the same, and the answer must be that error
//   shell, prints TEXT   the same, and the output must have that text
//   define               a shell function that the shell blocks of all pages use
//   file NAME            saved under that name for the page's shell blocks
//   queue                JSON that is put as the `queue` of the page's event
//   queue of another event   JSON that an event of its own is created with
//   check                not run: its scripts, packages, options and files must be there
//
// Above a page's title: `given an event` (on sale in an hour), or `given an event that apps join` (in some seconds).
// Needs: a stack.
// Breaks: nothing.
// Runs on: workerd.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { blocks, files, pages, ROOT } from './pages.mjs';

const run = promisify(execFile);
const PAGES = pages().map((page) => ({ ...page, blocks: blocks(page) }));
const ALL = PAGES.flatMap((page) => page.blocks);
const DEFINED = ALL.filter(({ how }) => how === 'define').map(({ code }) => code).join('\n');
const IN_AN_HOUR = 3_600_000;
const IN_SECONDS = 6_000;

describe('examples run as they stand', { concurrency: true, timeout: 120_000 }, () => {
  for (const page of PAGES.filter(({ blocks }) => blocks.some(({ how }) => /^(shell|queue)/.test(how ?? '')))) {
    test(page.path, () => runPage(page));
  }
});

test('commands that are not run here name scripts, packages, options and files that are there', async () => {
  const wrong = [];
  for (const block of ALL.filter(({ how, language }) => how === 'check' && language === 'sh')) {
    for (const command of commandsOf(block.code)) {
      const problem = await problemOf(command);
      if (problem) wrong.push(`${block.path}:${block.line}: ${command.join(' ')}: ${problem}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('queries of the documents can be asked', async () => {
  for (const { code } of ALL.filter(({ language }) => language === 'sql')) {
    await run('psql', [process.env.STANCHION_DATABASE_URL, '--quiet', '--set', 'ON_ERROR_STOP=1', '--command', code]);
  }
});

// --- Blocks that run ---------------------------------------------------------------------------------------------

async function runPage(page) {
  const event = `docs-${basename(page.path, '.md')}-${Date.now()}`.slice(0, 60);
  const given = /^<!-- test: given an event( that apps join)? -->$/m.exec(page.text);
  if (given) await makeEvent(event, given[1] ? { inMs: IN_SECONDS, queue: { bots: { apps_without_signals: true } } } : {});
  const own = (code) => code.replaceAll(/\bmy-(show|sale)\b/g, event);

  const folder = mkdtempSync(join(tmpdir(), 'stanchion-docs-'));
  try {
    symlinkSync(join(ROOT, 'scripts'), join(folder, 'scripts'));
    for (const block of page.blocks.filter(({ how }) => how?.startsWith('file '))) {
      writeFileSync(join(folder, block.how.slice('file '.length)), own(block.code));
    }
    await runShell(page.blocks.filter(({ how }) => how?.startsWith('shell')), own, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
  for (const block of page.blocks.filter(({ how }) => how?.startsWith('queue'))) {
    const queue = JSON.parse(block.code);
    if (block.how === 'queue') await admin('PUT', `/events/${event}/queue`, queue);
    else await makeEvent(`${event}-b`, { queue });
  }
}

/** All blocks in one shell, since later ones use what earlier ones have set. */
async function runShell(shells, own, folder) {
  const mark = (index) => `--- block ${index} ends ---`;
  const script = ['set -euo pipefail', DEFINED, ...shells.map(({ code }, index) => `${own(code)}\necho '${mark(index)}'`)].join('\n');
  const { stdout } = await run('bash', ['-c', script], { cwd: folder, maxBuffer: 64 * 1024 * 1024 }).catch((error) => {
    throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`);
  });
  let rest = stdout;
  for (const [index, { path, line, how }] of shells.entries()) {
    const [output, after] = rest.split(mark(index));
    const words = [...output.matchAll(/"error":\s*"(\w+)"/g)].map(([, word]) => word);
    const expected = /expects (\w+)/.exec(how)?.[1];
    assert.deepEqual(words, expected ? [expected] : [], `${path}:${line} printed ${output}`);
    const printed = /prints (.+)$/.exec(how)?.[1];
    assert.ok(!printed || output.includes(printed), `${path}:${line} printed ${output}`);
    rest = after;
  }
}

async function admin(method, path, body) {
  const answer = await fetch(`${process.env.STANCHION_ORIGIN_URL}/api/v1/admin${path}`, {
    method,
    headers: { authorization: `Bearer ${process.env.STANCHION_ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.text()}`);
}

async function makeEvent(event, { inMs = IN_AN_HOUR, queue = {} }) {
  await admin('POST', '/events', {
    event_id: event,
    name: 'Of the documents',
    currency: 'EUR',
    on_sale_time: new Date(Date.now() + inMs).toISOString(),
    starts_at: new Date(Date.now() + 7 * 24 * IN_AN_HOUR).toISOString(),
    venue: { name: 'Town Hall', city: 'Bremen', latitude: 53.08, longitude: 8.8 },
    sections: [{ code: 'A', name: 'Stalls', price: '49.50', fee: '5.00', rows: [{ label: '1', seats: 10 }] }],
    limits: { most_per_second: 10, most_shoppers: 100, draw_window_ms: 1_000, shards: 4, challenge_max_number: 1_000 },
    queue,
  });
  await admin('POST', `/events/${event}/launch`);
}

// --- Blocks that are only looked at ------------------------------------------------------------------------------

/** The commands of a block as lists of words: comments, assignments and what follows a pipe or `&&` taken apart. */
function commandsOf(code) {
  const lines = code.replaceAll(/\\\n\s*/g, ' ').split('\n').map((line) => line.replace(/(^|\s)#.*$/, '').trim());
  const commands = lines.flatMap((line) => line.split(/\s+(?:&&|\|)\s+/)).map((command) => command.match(/'[^']*'|"[^"]*"|\S+/g) ?? []);
  return commands
    .map((words) => words.slice(words.findIndex((word) => !/^[A-Z][A-Z0-9_]*=/.test(word))))
    .filter(([program]) => program !== undefined && !/^[A-Z][A-Z0-9_]*=/.test(program));
}

async function problemOf([program, ...words]) {
  const known = KNOWN.find(([pattern]) => pattern.test(program));
  return known ? known[1](program, words) : 'no test knows this command';
}

const KNOWN = [
  [/^(\.\/)?scripts\//, checkScript],
  [/^cargo$/, checkCargo],
  [/^stanchion-/, (program, words) => checkPackage(program, words)],
  [/^npx$/, (_, [tool, , , secret]) => (packageJson().includes(`"${tool}"`) ? secret && !read('wrangler.toml').includes(secret) && `${secret} is not in wrangler.toml` : `${tool} is not in scripts/node`)],
  [/^(node|python3)$/, (_, [file]) => existsSync(join(ROOT, file)) || `${file} is not there`],
  [/^spin$/, () => null], // no registry has it
  [/^(source|export)$/, () => null],
].map(([pattern, check]) => [pattern, async (...given) => { const found = await check(...given); return found === true || !found ? null : found; }]);

/** A script must be there, and its --help must know every option. */
async function checkScript(program, words) {
  if (!existsSync(join(ROOT, program))) return 'there is no such script';
  const own = words.slice(0, words.includes('--') ? words.indexOf('--') : undefined);
  const options = own.filter((word) => word.startsWith('--') && word !== '--help');
  if (options.length === 0) return null;
  const { stdout, stderr } = await run(join(ROOT, program), ['--help'], { cwd: ROOT }).catch((error) => error);
  return options.find((option) => !`${stdout}${stderr}`.includes(option.split('=')[0])) ?? null;
}

function checkCargo(_, words) {
  const [own, passed] = words.includes('--') ? [words.slice(0, words.indexOf('--')), words.slice(words.indexOf('--') + 1)] : [words, []];
  const name = own.includes('-p') ? own[own.indexOf('-p') + 1] : null;
  return name === null ? null : checkPackage(name, own[0] === 'run' ? passed : []);
}

/** A program of the workspace must be a package, and its options and subcommands must be named in its source. */
function checkPackage(name, words) {
  const manifest = files('*Cargo.toml').find((path) => read(path).includes(`name = "${name}"`));
  if (!manifest) return `there is no package ${name}`;
  const folder = manifest.replace(/\/?Cargo\.toml$/, '');
  const source = files(`${folder}/*.rs`).map(read).join('\n');
  const options = words.filter((word) => word.startsWith('--')).map((word) => word.slice(2).split('=')[0]);
  const missing = options.find((option) => !new RegExp(`\\b${option.replaceAll('-', '_')}\\b|long = "${option}"`).test(source));
  if (missing) return `${name} has no option --${missing}`;
  const subcommand = /^[a-z][a-z-]+$/.test(words[0] ?? '') ? words[0] : null;
  const variant = subcommand?.replaceAll(/(^|-)([a-z])/g, (_all, _dash, letter) => letter.toUpperCase());
  return variant && !new RegExp(`\\b${variant}\\b`).test(source) ? `${name} has no command ${subcommand}` : null;
}

function read(path) {
  return readFileSync(join(ROOT, path), 'utf8');
}

function packageJson() {
  return read('scripts/node/package.json');
}
