import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { probeSchema, recordSchema } from '../record/record.ts';
import { clockDomain, heardOf, monotonicNanos, offsetIn, sameKernel } from './clock.ts';
import { describeEnvironment, mountOf } from './environment.ts';
import { p99Of, probeEnvironment } from './probes.ts';

describe('the environment', () => {
  test('is described and probed as the record wants it, leaving nothing behind', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ackworth-probe-'));
    const probe = probeSchema.parse(await probeEnvironment(directory));
    expect(Object.values(probe).every((value) => value === null || value > 0)).toBe(true);
    expect(probe.fsyncP50Ms).toBeLessThanOrEqual(probe.fsyncP99Ms ?? Infinity);
    expect(readdirSync(directory)).toEqual([]);
    recordSchema.shape.environment.parse({
      ...describeEnvironment(directory),
      probes: { before: probe, after: null },
    });
    rmSync(directory, { recursive: true });
  });

  test('has a p99 only where there are enough samples for one', () => {
    const samples = Array.from({ length: 299 }, (_, index) => index + 1);
    expect(p99Of(samples)).toBe(297);
    expect(p99Of(samples.slice(1))).toBeNull();
  });

  test('names the file system that holds a path: the innermost mount, and the last on one point', () => {
    const mounts = [
      'overlay / overlay rw 0 0',
      'tmpfs /data tmpfs rw 0 0',
      '/dev/sdb1 /data xfs rw 0 0',
      '/dev/sdc1 /data/with\\040space ext4 rw 0 0',
    ].join('\n');
    expect(mountOf('/home/me', mounts)).toBe('overlay on /');
    expect(mountOf('/data/runs', mounts)).toBe('xfs on /data');
    expect(mountOf('/database', mounts)).toBe('overlay on /');
    expect(mountOf('/data/with space/x', mounts)).toBe('ext4 on /data/with space');
  });
});

describe('the clock', () => {
  test('counts the nanoseconds of process.hrtime and never goes back', () => {
    let last = Number(process.hrtime.bigint());
    for (let n = 0; n < 1000; n++) {
      const now = monotonicNanos();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
    expect(Number(process.hrtime.bigint()) - last).toBeLessThan(1e9);
    expect(clockDomain()).toBe(clockDomain());
    expect(clockDomain()).not.toBe('');
  });

  test.each([
    ['monotonic           0         0\nboottime            0         0\n', ''],
    ['monotonic           0         0\nboottime      100000         0\n', ''],
    ['monotonic      100000         0\nboottime            0         0\n', '+100000s'],
    ['monotonic          -7 500000000\nboottime            0         0\n', '+-7s500000000ns'],
    ['', ''],
  ])('is named for the offset of its time namespace: %j', (offsets, name) => {
    expect(offsetIn(offsets)).toBe(name);
  });

  test('is another in another time namespace, of the same kernel', () => {
    expect(sameKernel('c7a4e4f0', 'c7a4e4f0+100000s')).toBe(true);
    expect(sameKernel('c7a4e4f0', 'd8b5f501')).toBe(false);
  });

  test('goes by what is told where who tells it has the same clock, else by when it is heard', () => {
    expect(heardOf({ atNanos: 4711, domain: clockDomain() })).toBe(4711);
    const before = monotonicNanos();
    expect(heardOf({ atNanos: 4711, domain: 'elsewhere' })).toBeGreaterThanOrEqual(before);
  });
});
