// One part of the stack as a process: start, wait until healthy, kill, restart, stop.
//
// Every part is a child of this process and gets signals by its process id only. The kernel gives that id to no other
// process until the parent has waited for the child. `setpriv --pdeathsig` makes the kernel stop the part when this
// process dies, even by kill -9, so no part outlives its stack.

import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 15_000;
const HEALTH_EVERY_MS = 50;
const LOG_TAIL_LINES = 40;

export class Part {
  /**
   * @param {object} spec
   * @param {string} spec.name
   * @param {string} spec.folder where `<name>.log` goes
   * @param {string[]} spec.command program and arguments
   * @param {object} [spec.env] the whole environment of the process
   * @param {string} [spec.cwd]
   * @param {string} [spec.user] run as this user (only root can)
   * @param {NodeJS.Signals} [spec.stopSignal] what asks it to stop; SIGTERM unless given
   * @param {boolean} [spec.wholeGroup] signals go to the processes that it started, too
   * @param {() => Promise<boolean>} spec.healthy may throw: that means not yet
   */
  constructor(spec) {
    this.spec = { stopSignal: 'SIGTERM', env: process.env, ...spec };
    this.name = spec.name;
    this.log = join(spec.folder, `${spec.name}.log`);
    this.child = null;
  }

  get pid() {
    return this.child?.pid ?? null;
  }

  /** Starts it and returns once it is healthy. */
  async start() {
    if (this.child) throw new Error(`${this.name} is running already.`);
    const log = openSync(this.log, 'a');
    const child = spawn('setpriv', this.#arguments(), {
      stdio: ['ignore', log, log],
      env: this.spec.env,
      cwd: this.spec.cwd,
      detached: true, // a group of its own: Ctrl-C reaches us alone, and we stop the parts in order
    });
    closeSync(log);
    this.child = child;
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? `status ${code}`));
    });
    this.exited.then(() => {
      if (this.spec.wholeGroup) endGroup(child.pid);
      if (this.child === child) this.child = null;
    });
    await this.#becomeHealthy();
  }

  /** Asks it to stop; after the limit it is killed. Does nothing when it is not running. */
  async stop() {
    await this.#signalAndWait(this.spec.stopSignal);
  }

  /** The crash: no warning, no clean-up. */
  async kill() {
    await this.#signalAndWait('SIGKILL');
  }

  /** It runs no further and answers nothing, with its sockets open: silent, and not dead. */
  pause() {
    if (this.child?.pid) this.#signal(this.child, 'SIGSTOP');
  }

  /** It goes on where it was. */
  resume() {
    if (this.child?.pid) this.#signal(this.child, 'SIGCONT');
  }

  #arguments() {
    const { command, user, stopSignal } = this.spec;
    const as = user ? ['--reuid', user, '--regid', user, '--clear-groups'] : [];
    return [...as, '--pdeathsig', stopSignal.replace('SIG', ''), '--', ...command];
  }

  async #becomeHealthy() {
    const deadline = Date.now() + START_LIMIT_MS;
    let ended = null;
    this.exited.then((how) => { ended = how; });
    for (;;) {
      if (ended !== null) throw this.#failure(`ended while starting (${ended})`);
      if (await this.#isHealthy()) return;
      if (Date.now() > deadline) {
        await this.kill();
        throw this.#failure(`was not healthy within ${START_LIMIT_MS / 1000} seconds`);
      }
      await sleep(HEALTH_EVERY_MS);
    }
  }

  async #isHealthy() {
    try {
      return await this.spec.healthy();
    } catch {
      return false;
    }
  }

  async #signalAndWait(signal) {
    const { child, exited } = this;
    if (!child?.pid) return;
    this.#signal(child, signal);
    this.#signal(child, 'SIGCONT'); // one that is paused takes no notice of the first
    const inTime = await Promise.race([exited.then(() => true), sleep(STOP_LIMIT_MS, false, { ref: false })]);
    if (!inTime) {
      this.#signal(child, 'SIGKILL');
      await exited;
    }
  }

  /** The group's number is the child's (`detached`), and nobody else's while we have not waited for the child. */
  #signal(child, signal) {
    if (this.spec.wholeGroup) process.kill(-child.pid, signal);
    else child.kill(signal);
  }

  #failure(what) {
    return new Error(`${this.name} ${what}. The end of its log:\n${tail(this.log)}`);
  }
}

/** Ends what a part started and left behind: at once, because whoever would have stopped it in order is gone. */
function endGroup(number) {
  try {
    if (number !== undefined) process.kill(-number, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // nobody is left
  }
}

function tail(file) {
  if (!existsSync(file)) return '(no log)';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).map((line) => `  | ${line}`).join('\n');
}

/** Runs a program to its end; its output goes to the log. Fails with the end of the log unless it exits with 0. */
export async function finish(name, folder, command, options = {}) {
  const file = join(folder, `${name}.log`);
  const log = createWriteStream(file, { flags: 'a' });
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const how = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  await new Promise((resolve) => log.end(resolve));
  if (how !== 0) throw new Error(`${command[0]} failed (${how}). The end of its log:\n${tail(file)}`);
}

/** Whether a GET of this address answers 200. */
export async function answers(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.arrayBuffer();
  return response.status === 200;
}
