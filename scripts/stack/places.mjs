// Where things are: the clone, and the folder of one run.

import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const RUNS = join(ROOT, '.stanchion');

/** Folders of runs that failed are kept for their logs, the newest of them. */
const MOST_ENDED_RUNS_KEPT = 5;

/** In a run's folder: who holds it, and what of it lies in the temporary folder, which may be another one for the next run. */
const HOLDER = 'holder';
const ELSEWHERE = 'elsewhere';
const TEMPORARY = 'stanchion-';

/** A new folder `.stanchion/<name>-<random>/`, open to its owner only because it holds keys. */
export function runFolder(name) {
  mkdirSync(RUNS, { recursive: true });
  forgetOldRuns();
  const folder = mkdtempSync(join(RUNS, `${name}-`)); // mkdtemp makes it 0700
  writeFileSync(join(folder, HOLDER), identity(process.pid));
  return folder;
}

/** A folder of this run in the temporary folder, for what cannot be below the clone; noted, so that it is found again. */
export function temporaryFolder(folder, name) {
  const made = mkdtempSync(join(tmpdir(), `${TEMPORARY}${name}-`));
  appendFileSync(join(folder, ELSEWHERE), `${made}\n`);
  return made;
}

/** Removes a run's folder, or all of it but the logs. */
export function removeRun(folder, { keepLogs }) {
  const note = join(folder, ELSEWHERE);
  const elsewhere = existsSync(note) ? readFileSync(note, 'utf8').split('\n') : [];
  for (const path of elsewhere) {
    if (basename(path).startsWith(TEMPORARY)) rmSync(path, { recursive: true, force: true });
  }
  for (const name of keepLogs ? readdirSync(folder).filter((name) => !name.endsWith('.log')) : ['']) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Runs that somebody killed are cleared, and of the logs that were kept the oldest go. */
function forgetOldRuns() {
  const folders = readdirSync(RUNS).map((name) => join(RUNS, name)).filter((path) => statSync(path).isDirectory());
  const held = folders.filter((folder) => existsSync(join(folder, HOLDER)));
  for (const folder of held) {
    const holder = readFileSync(join(folder, HOLDER), 'utf8');
    if (holder !== '' && identity(Number(holder.split(' ')[0])) !== holder) removeRun(folder, { keepLogs: true });
  }
  const age = (folder) => -statSync(folder).mtimeMs;
  const ended = folders.filter((folder) => !existsSync(join(folder, HOLDER)) && /-[^-]{6}$/.test(folder));
  for (const folder of ended.sort((a, b) => age(a) - age(b)).slice(MOST_ENDED_RUNS_KEPT)) removeRun(folder, { keepLogs: false });
}

/** The kernel may have given a process id to another process by now. Together with its start time (proc(5), field 22) it is unique. */
function identity(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return '';
  }
}
