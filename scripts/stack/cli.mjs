// The command lines of scripts/stack/run and scripts/stack/part.

import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ACTIONS, askControl } from './control.mjs';
import { ON_DEMAND, PARTS, partsFor, RUNTIMES, Stack } from './stack.mjs';

const USAGE_STATUS = 2;
const COMMAND_STOP_LIMIT_MS = 20_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const RUN_HELP = `Usage: scripts/stack/run [--runtime NAME] [--only PART,…] [--appendfsync HOW] [--name NAME] [--keep] [-- COMMAND …]

Starts a private stack (${partsFor('cloudflare').join(', ')}), runs COMMAND with its addresses and keys in the environment
(STANCHION_*), stops everything, and ends with COMMAND's status. Without COMMAND it stays up until Ctrl-C.

  --runtime NAME     what the edge runs on: ${Object.keys(RUNTIMES).join(', ')} (default: cloudflare). On Spin it has a Redis of its
                     own, the part edge-redis
  --only PART,…      only these parts, for example --only redis,postgres
  --appendfsync HOW  Redis: always, everysec (default) or no
  --name NAME        name of the folder in .stanchion/ (default: stack)
  --keep             keep the folder with the logs; it is kept anyway when something failed
`;

const PART_HELP = `Usage: scripts/stack/part ${Object.keys(ACTIONS).join('|')} ${[...PARTS, ...ON_DEMAND].join('|')}

For commands that scripts/stack/run started: crashes (kill: kill -9), stops, starts, restarts (kill -9, then start),
pauses (it is silent, and not dead) or resumes a part of that stack. Data and port stay the same. Returns when it is done, after a start when the part is healthy.
edge-2, edge-site and edge-sites are there and not started. edge-2 (on Spin) is a second edge on the same Redis, at
STANCHION_SECOND_EDGE_URL; edge-site is an edge in front of a site that you bring: it is at STANCHION_SITE_EDGE_URL, your site
listens at STANCHION_SITE_URL, STANCHION_SITE_EVENTS are its events, and the issuer of\nits accounts is at STANCHION_SITE_ISSUER_URL. edge-sites is an edge in front of several sites, at
STANCHION_SITES_EDGE_URL; STANCHION_SITES_BEHIND are those sites, as JSON.
`;

const [tool, ...args] = process.argv.slice(2);
process.exitCode = await (tool === 'part' ? part(args) : run(args));

async function run(args) {
  const split = args.indexOf('--');
  const command = split < 0 ? [] : args.slice(split + 1);
  let flags;
  try {
    flags = parseArgs({
      args: split < 0 ? args : args.slice(0, split),
      options: {
        runtime: { type: 'string', default: 'cloudflare' },
        only: { type: 'string' },
        appendfsync: { type: 'string', default: 'everysec' },
        name: { type: 'string', default: 'stack' },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
    flags.parts = flags.only?.split(',') ?? partsFor(flags.runtime);
    judge(flags);
  } catch (error) {
    return usage(error.message, RUN_HELP);
  }
  if (flags.help) return print(RUN_HELP);
  return holdStack(flags, command);
}

function judge({ runtime, parts, appendfsync, name }) {
  if (!Object.hasOwn(RUNTIMES, runtime)) throw new Error(`--runtime cannot be '${runtime}'.`);
  const unknown = parts.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) throw new Error(`There is no part '${unknown}'. The parts are ${PARTS.join(', ')}.`);
  if (runtime === 'spin' && parts.includes('edge') && !parts.includes('edge-redis')) {
    throw new Error('On Spin the part edge needs the part edge-redis.');
  }
  if (!['always', 'everysec', 'no'].includes(appendfsync)) throw new Error(`--appendfsync cannot be '${appendfsync}'.`);
  if (!/^[a-z0-9-]{1,32}$/.test(name)) throw new Error(`--name wants 1 to 32 of a-z, 0-9 and '-', not '${name}'.`);
}

/** Everything between the first process and the last. However this ends, what was started is stopped. */
async function holdStack({ name, runtime, parts, appendfsync, keep }, command) {
  const stack = new Stack({ name, runtime, parts, appendfsync });
  const interrupted = firstSignal();
  let status = 1;
  try {
    const up = stack.start((line) => say(line));
    up.catch(() => {}); // told below, unless a signal came first
    await Promise.race([up, interrupted.promise]);
    if (interrupted.signal) {
      status = statusOf(interrupted.signal);
    } else if (command.length > 0) {
      status = await runCommand(command, { ...process.env, ...stack.env }, interrupted);
    } else {
      const forSpin = runtime === 'spin' ? ', and what a `spin up` of your own needs in spin.env beside it' : '';
      say(`up; its environment is in ${stack.folder}/stack.env${forSpin}. Ctrl-C stops it.`);
      await interrupted.promise;
      status = 0;
    }
  } catch (error) {
    say(error.message);
  }
  const failed = status !== 0 && !interrupted.signal;
  await stack.stop({ keep: keep || failed });
  if (keep || failed) say(`the logs are in ${stack.folder}`);
  return status;
}

/**
 * The command is a process group of its own, so that what it started itself can be told to end, too. An interrupted
 * command has some time to end by itself.
 */
async function runCommand(command, env, interrupted) {
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...command], { stdio: 'inherit', env, detached: true });
  const status = new Promise((resolve) => {
    child.once('error', (error) => {
      say(`setpriv could not be run: ${error.message}`);
      resolve(127);
    });
    child.once('exit', (code, signal) => resolve(signal ? statusOf(signal) : code));
  });
  let killing;
  interrupted.promise.then((signal) => {
    signalGroup(child, signal);
    killing = setTimeout(() => signalGroup(child, 'SIGKILL'), COMMAND_STOP_LIMIT_MS);
  });
  await status;
  clearTimeout(killing);
  signalGroup(child, 'SIGTERM'); // what the command left behind
  return status;
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error; // ESRCH: nobody is left
  }
}

/** Resolves with the first signal that asks us to end; from then on signals are swallowed while we clean up. */
function firstSignal() {
  const state = { signal: null };
  state.promise = new Promise((resolve) => {
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        state.signal ??= signal;
        resolve(signal);
      });
    }
  });
  return state;
}

function statusOf(signal) {
  return 128 + { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] || 128;
}

async function part(args) {
  const [action, name] = args;
  if (args.includes('--help')) return print(PART_HELP);
  if (args.length !== 2 || !ACTIONS[action] || ![...PARTS, ...ON_DEMAND].includes(name)) {
    return usage(`Unknown: '${args.join(' ')}'.`, PART_HELP);
  }
  const socket = process.env.STANCHION_STACK_CONTROL;
  if (!socket) return usage('No stack: STANCHION_STACK_CONTROL is not set. Run inside scripts/stack/run.', PART_HELP);
  try {
    say(await askControl(socket, action, name));
    return 0;
  } catch (error) {
    say(error.message);
    return 1;
  }
}

function usage(message, help) {
  process.stderr.write(`${message}\n\n${help}`);
  return USAGE_STATUS;
}

function print(text) {
  process.stdout.write(text);
  return 0;
}

function say(line) {
  process.stderr.write(`stack: ${line}\n`);
}
