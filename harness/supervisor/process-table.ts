import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * What `/proc` says of a process. A pid alone names nothing for long: together with its start time
 * it does, and nothing here ever signals a pid whose start time is another.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of `/proc/PID/stat`. */
  readonly startTime: number;
  /** In which its pid counts, "pid:[4026531836]"; where it is not told, that of whoever asks. */
  readonly namespace?: string;
}

/** That of the machine itself has the same number in every kernel: from there root sees all. */
const initialNamespace = 'pid:[4026531836]';

export interface ProcessStatus extends ProcessIdentity {
  /** The kernel's letter: R, S, D, T (stopped by a signal), Z (dead, not yet waited for), ... */
  readonly state: string;
}

/** Undefined when there is no such process. */
export function processStatus(pid: number): ProcessStatus | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name stands in brackets and may hold spaces and brackets itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { pid, state: fields[0] ?? '?', startTime: Number(fields[19]) };
}

/** True while the very process lives; a zombie is dead. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  const status = processStatus(pid);
  return (
    status !== undefined &&
    status.startTime === startTime &&
    status.state !== 'Z' &&
    status.state !== 'X'
  );
}

/** Stopped by a signal; false when it is gone. */
export function isStopped({ pid, startTime }: ProcessIdentity): boolean {
  const status = processStatus(pid);
  return status?.startTime === startTime && status.state === 'T';
}

/** All processes of the container whose first process this is, that one included. */
export function processesAround(first: ProcessIdentity): ProcessIdentity[] {
  const namespace = namespaceOf(first.pid);
  if (namespace === undefined || isOutsideContainers(first.pid)) return [first];
  return pidsOf(namespace).flatMap((pid) => processStatus(pid) ?? []);
}

/** It counts processes as this one does, which the first process of a container never does. */
export function isOutsideContainers(pid: number): boolean {
  const namespace = namespaceOf(pid);
  return namespace !== undefined && namespace === namespaceOf(process.pid);
}

/**
 * The very process as this one counts it, also where it was told by another container. A process of a
 * namespace is seen from there and from the ones around it.
 */
export function whereaboutsOf(
  identity: ProcessIdentity,
): ProcessIdentity | 'gone' | 'out of sight' {
  const { pid, startTime, namespace } = identity;
  const own = namespaceOf(process.pid);
  if (namespace === undefined || namespace === own)
    return isAlive(identity) ? { pid, startTime } : 'gone';
  const inside = pidsOf(namespace);
  const seesAll = own === initialNamespace && process.getuid?.() === 0;
  if (inside.length === 0) return seesAll ? 'gone' : 'out of sight';
  const seen = inside
    .map((candidate) => ({ pid: candidate, startTime }))
    .find((candidate) => pidInside(candidate.pid) === pid && isAlive(candidate));
  return seen ?? 'gone';
}

/** By the namespace that it is in itself, which is the innermost. */
function pidInside(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^NSpid:.*\t(\d+)$/m.exec(status)?.[1]);
  } catch {
    return undefined;
  }
}

function pidsOf(namespace: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => namespaceOf(pid) === namespace);
}

/** Whether it is of the container with this id, for which the kernel's control groups are named. */
export function isOfContainer(pid: number, id: string): boolean {
  try {
    return id !== '' && readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(id);
  } catch {
    return false;
  }
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** Signals the very process; false when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Not that of a container whose users an engine maps to others, unless we are root. */
export function maySignal({ pid }: ProcessIdentity): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Of this process. */
export function ownIdentity(): ProcessIdentity {
  const { pid } = process;
  const namespace = namespaceOf(pid);
  const startTime = processStatus(pid)?.startTime ?? 0;
  return { pid, startTime, ...(namespace !== undefined && { namespace }) };
}
