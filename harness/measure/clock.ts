import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * The one clock of a run: monotonic nanoseconds as a double (CLOCK_MONOTONIC), the same in all
 * processes of one kernel, with an origin of no meaning. A double holds
 * it exactly for 104 days of uptime, and to a few nanoseconds after that.
 */
export function monotonicNanos(): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1e9 + nanos;
}

/**
 * Names the clock that `monotonicNanos` reads: the kernel's boot id where there is one, with the
 * offset of the time namespace where that has any, else a name that no other machine has. Times of
 * two domains are never compared.
 */
export function clockDomain(): string {
  return `${kernelId()}${timeNamespace()}`;
}

/**
 * When something took effect of which we are told just now: as told where that is our clock, else no
 * later than now.
 */
export function heardOf({ atNanos, domain }: { atNanos: number; domain: string }): number {
  return domain === clockDomain() ? atNanos : monotonicNanos();
}

/** Whether both clocks are of one kernel, which counts its processes in one way. */
export function sameKernel(domain: string, other: string): boolean {
  return kernelOf(domain) === kernelOf(other);
}

/** Neither a boot id nor a host name has it. */
const mark = '+';

function kernelOf(domain: string): string {
  return domain.split(mark)[0]!;
}

function kernelId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `${process.platform}-${hostname()}`;
  }
}

function timeNamespace(): string {
  try {
    const [own, next] = ['time', 'time_for_children'].map((name) =>
      readlinkSync(`/proc/self/ns/${name}`),
    );
    // What the kernel tells is the offset of children to come, which need not be our own.
    if (own !== next) return `${mark}${own}`;
    return offsetIn(readFileSync('/proc/self/timens_offsets', 'utf8'));
  } catch {
    return '';
  }
}

/** From the text of `/proc/self/timens_offsets`; empty where the clock is the kernel's own. */
export function offsetIn(offsets: string): string {
  const [, seconds = '0', nanos = '0'] = /^monotonic\s+(-?\d+)\s+(-?\d+)/m.exec(offsets) ?? [];
  if (Number(seconds) === 0 && Number(nanos) === 0) return '';
  return `${mark}${seconds}s${Number(nanos) === 0 ? '' : `${nanos}ns`}`;
}
