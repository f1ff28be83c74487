// The memory of the edge's process, as the kernel counts it (proc(5)). A real Spin serves by a process that `spin up` starts,
// so all processes of the group count.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

function processes(group) {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      // After the name in brackets: state, parent, group.
      return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[2]) === group;
    } catch {
      return false; // it has ended
    }
  });
}

function kibibytes(pid, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

const total = (group, name) => processes(group).reduce((sum, pid) => sum + kibibytes(pid, name), 0) * 1024;

/** By how many bytes the memory of a group of processes grew at most while `work` was done. */
export async function growth(group, work) {
  for (const pid of processes(group)) writeFileSync(`/proc/${pid}/clear_refs`, '5'); // the peak begins anew
  const before = total(group, 'VmRSS');
  if (before === 0) throw new Error(`no process is in the group ${group}`);
  await work();
  return total(group, 'VmHWM') - before;
}
