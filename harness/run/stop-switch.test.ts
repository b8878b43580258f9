import { describe, expect, test } from 'vitest';
import { monotonicNanos } from '../measure/clock.ts';
import { Stopped, StopSwitch } from './stop-switch.ts';

describe('the stop switch', () => {
  test('cuts short what is waited for, and all that comes after', async () => {
    const stop = new StopSwitch();
    const waiting = stop.unlessStopped(new Promise(() => undefined));
    stop.throw();
    await expect(waiting).rejects.toBeInstanceOf(Stopped);
    await expect(stop.unlessStopped(new Promise(() => undefined))).rejects.toBeInstanceOf(Stopped);
    await expect(stop.until(monotonicNanos() + 60e9)).rejects.toBeInstanceOf(Stopped);
    expect(stop.thrown).toBe(true);
  });

  test('leaves no timer behind, which would keep the process from ending', async () => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const stop = new StopSwitch();
    const before = timers();
    const waits = [stop.sleep(60_000), stop.until(monotonicNanos() + 60e9)];
    expect(timers()).toBe(before + 2);
    stop.throw();
    for (const wait of waits) await expect(wait).rejects.toBeInstanceOf(Stopped);
    expect(timers()).toBe(before);
    await expect(stop.sleep(60_000)).rejects.toBeInstanceOf(Stopped);
    expect(timers()).toBe(before);
  });

  test('passes on what comes in time, good or bad', async () => {
    const stop = new StopSwitch();
    expect(await stop.unlessStopped(Promise.resolve(5))).toBe(5);
    await expect(stop.unlessStopped(Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  test('waits until a time', async () => {
    const until = monotonicNanos() + 30e6;
    await new StopSwitch().until(until);
    expect(monotonicNanos()).toBeGreaterThanOrEqual(until);
  });
});
