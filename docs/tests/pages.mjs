// The documents and what is in them: which pages there are, their blocks of code, their links.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Files of the clone as git knows them, new ones included. */
export function files(...patterns) {
  const told = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...patterns], { cwd: ROOT, encoding: 'utf8' });
  return [...new Set(told.split('\n').filter(Boolean))];
}

/** Every page: its path and its text. */
export function pages() {
  return files('*.md').map((path) => ({ path, text: readFileSync(`${ROOT}/${path}`, 'utf8') }));
}

/**
 * The blocks of code of a page, in order. The comment right above a block, `<!-- test: HOW -->`, says how it is tested;
 * `how` is null where there is none.
 */
export function blocks({ path, text }) {
  const found = [];
  let how = null;
  let open = null;
  text.split('\n').forEach((line, index) => {
    const fence = /^(\s*)```(\S*)\s*$/.exec(line);
    if (open && fence) {
      found.push({ ...open, code: open.lines.map((one) => one.slice(open.indent)).join('\n') });
      open = how = null;
    } else if (open) {
      open.lines.push(line);
    } else if (fence) {
      open = { path, line: index + 1, language: fence[2], how, indent: fence[1].length, lines: [] };
    } else if (line.trim() !== '') {
      how = /^\s*<!-- test: (.+) -->$/.exec(line)?.[1] ?? null;
    }
  });
  if (open) throw new Error(`${path}:${open.line}: the block does not end`);
  return found;
}

/** The text without its blocks of code, line by line: a line of a block is null. */
export function prose({ text }) {
  let inside = false;
  return text.split('\n').map((line) => {
    const fence = /^\s*```/.test(line);
    const shown = !inside && !fence;
    if (fence) inside = !inside;
    return shown ? line : null;
  });
}

/** The anchors that GitHub makes of a page's headings. */
export function anchors(page) {
  const headings = prose(page).filter((line) => line !== null && /^#{1,6} /.test(line));
  return headings.map((heading) => heading.replace(/^#+ /, '').toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'));
}
