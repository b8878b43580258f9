import { readFileSync } from 'node:fs';
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
 * Names the clock that `monotonicNanos` reads: the kernel's boot id where there is one, else a name
 * that no other machine has. Times of two domains are never compared.
 */
export function clockDomain(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `${process.platform}-${hostname()}`;
  }
}
