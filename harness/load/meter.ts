import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';

import { monotonicNanos } from '../measure/clock.ts';

/** What the generator did to itself since the last sample. */
export interface MeterSample {
  readonly eventLoopDelayMicrosP99: number;
  readonly gcMicros: number;
  /** Of one core, user and system; above 1 when other threads of the process work too. */
  readonly cpuFraction: number;
}

export interface Meter {
  sample(): MeterSample;
  close(): void;
}

const resolutionMs = 5;

/** Measures this process: event-loop delay, garbage collection, processor time. */
export function startMeter(): Meter {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  let gcMicros = 0;
  const collections = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) gcMicros += duration * 1000;
  });
  collections.observe({ entryTypes: ['gc'] });
  let cpu = process.cpuUsage();
  let at = monotonicNanos();
  return {
    sample: () => {
      const now = monotonicNanos();
      const used = process.cpuUsage(cpu);
      const elapsedMicros = Math.max(1, (now - at) / 1000);
      const sample = {
        // The monitor records the distance of its own ticks: what is above its period is delay.
        eventLoopDelayMicrosP99:
          delay.count === 0 ? 0 : Math.max(0, delay.percentile(99) / 1000 - resolutionMs * 1000),
        gcMicros,
        cpuFraction: (used.user + used.system) / elapsedMicros,
      };
      delay.reset();
      gcMicros = 0;
      cpu = process.cpuUsage();
      at = now;
      return sample;
    },
    close: () => {
      delay.disable();
      collections.disconnect();
    },
  };
}
