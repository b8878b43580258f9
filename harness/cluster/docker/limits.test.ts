import type Docker from 'dockerode';
import { describe, expect, test } from 'vitest';
import { noLimits } from '../node-container.ts';
import { limitContainer, limitsAtStart, limitsOf } from './limits.ts';

const mebibyte = 1024 ** 2;

/** One on control groups of version 1: it takes no limit below what is in use. */
class HeldContainer {
  readonly asked: object[] = [];
  /** Time after time; the last for good. */
  usage: number[];

  constructor(...usage: number[]) {
    this.usage = usage;
  }

  update(wanted: { readonly Memory?: number }): Promise<void> {
    this.asked.push(wanted);
    const inUse = this.usage[0] ?? 0;
    const { Memory: memory = -1 } = wanted;
    if (memory < 0 || memory >= inUse) return Promise.resolve();
    const told = `unable to set memory limit to ${memory} (current usage: ${inUse}, peak usage: 1)`;
    return Promise.reject(Object.assign(new Error(told), { statusCode: 500 }));
  }

  stats(): Promise<object> {
    const [usage] = this.usage.length > 1 ? this.usage.splice(0, 1) : this.usage;
    return Promise.resolve({ memory_stats: { usage } });
  }
}

const asContainer = (fake: HeldContainer): Docker.Container => fake as unknown as Docker.Container;

describe('limits', () => {
  test('are what the engine is told, memory without any swap', () => {
    expect(limitsAtStart(noLimits)).toEqual({});
    expect(limitsAtStart({ memoryBytes: 64 * mebibyte, cpus: 0.5 })).toEqual({
      Memory: 64 * mebibyte,
      MemorySwap: 64 * mebibyte,
      CpuPeriod: 100_000,
      CpuQuota: 50_000,
    });
  });

  test('are read back from the engine, whoever set them', () => {
    for (const limits of [noLimits, { memoryBytes: 64 * mebibyte, cpus: 0.25 }])
      expect(limitsOf(limitsAtStart(limits))).toEqual(limits);
    expect(limitsOf({ Memory: 0, CpuQuota: 0, CpuPeriod: 0 })).toEqual(noLimits);
    expect(limitsOf({ Memory: 2 ** 50, CpuQuota: -1, CpuPeriod: 100_000 })).toEqual(noLimits);
    expect(limitsOf({ NanoCpus: 1_500_000_000 }).cpus).toBe(1.5);
    expect(limitsOf({ CpuQuota: 25_000, CpuPeriod: 50_000 }).cpus).toBe(0.5);
  });

  test('change alone, and are taken away', async () => {
    const container = new HeldContainer(0);
    await limitContainer(asContainer(container), { cpus: 0.1 });
    await limitContainer(asContainer(container), { memoryBytes: null });
    await limitContainer(asContainer(container), { cpus: null });
    expect(container.asked).toEqual([
      { CpuPeriod: 100_000, CpuQuota: 10_000 },
      { Memory: 2 ** 50, MemorySwap: 2 ** 51 },
      { CpuQuota: -1 },
    ]);
  });

  test('below what is in use are come to by taking what is given back', async () => {
    const container = new HeldContainer(90.5 * mebibyte, 90.5 * mebibyte, 60 * mebibyte);
    await limitContainer(asContainer(container), { memoryBytes: 64 * mebibyte });
    const asked = container.asked as { Memory: number }[];
    expect(asked.map(({ Memory }) => Memory / mebibyte)).toEqual([64, 90.5, 64, 90.5, 64]);
  });

  test('that an engine refuses for another reason are refused', async () => {
    const container = new HeldContainer(0);
    container.update = () => Promise.reject(new Error('no such container'));
    const limiting = limitContainer(asContainer(container), { memoryBytes: 64 * mebibyte });
    await expect(limiting).rejects.toThrow('no such container');
  });
});
