import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * What `/proc` says of a process. A pid alone names nothing for long: together with its start time
 * it does, and nothing here ever signals a pid whose start time is another.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of `/proc/PID/stat`. */
  readonly startTime: number;
}

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
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => namespaceOf(pid) === namespace)
    .flatMap((pid) => processStatus(pid) ?? []);
}

/** It counts processes as this one does, which the first process of a container never does. */
export function isOutsideContainers(pid: number): boolean {
  const namespace = namespaceOf(pid);
  return namespace !== undefined && namespace === namespaceOf(process.pid);
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

/** Of this process. */
export function ownIdentity(): ProcessIdentity {
  const status = processStatus(process.pid);
  return { pid: process.pid, startTime: status?.startTime ?? 0 };
}
