import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { monotonicNanos } from '../measure/clock.ts';
import type { Cluster } from './cluster.ts';

/** What every cluster must do, whatever its nodes are: one suite, run against each kind. */
export function describeCluster(
  kind: string,
  open: () => Promise<{ readonly cluster: Cluster; readonly close: () => Promise<void> }>,
): void {
  describe(`a ${kind} cluster`, () => {
    let cluster: Cluster;
    let close: () => Promise<void>;

    beforeAll(async () => {
      ({ cluster, close } = await open());
      await cluster.up();
    });

    afterAll(() => close());

    /** The effect lies between the call and its return. */
    async function timed(act: () => Promise<number>): Promise<void> {
      const before = monotonicNanos();
      const at = await act();
      expect(at).toBeGreaterThanOrEqual(before);
      expect(at).toBeLessThanOrEqual(monotonicNanos());
    }

    test('is up with all its nodes answering at the addresses of its target', async () => {
      expect(cluster.target('orders').addresses).toHaveLength(cluster.nodes);
      expect(cluster.target('orders').topic).toBe('orders');
      for (let node = 1; node <= cluster.nodes; node++) {
        expect(await cluster.state(node)).toBe('running');
        expect(await cluster.answers(node)).toBe(true);
      }
    });

    test('kills a node and starts it again at the same address', async () => {
      const { addresses } = cluster.target('orders');
      await timed(() => cluster.kill(1));
      expect(await cluster.state(1)).toBe('stopped');
      expect(await cluster.answers(1)).toBe(false);
      await timed(() => cluster.start(1));
      expect(await cluster.state(1)).toBe('running');
      expect(await cluster.answers(1)).toBe(true);
      expect(cluster.target('orders').addresses).toEqual(addresses);
    });

    test('stops a node in good order and starts it again', async () => {
      await timed(async () => {
        const { askedAt, endedAt, orderly, how } = await cluster.stop(2);
        expect({ orderly, how }).toEqual({ orderly: true, how: 'exit code 0' });
        expect(askedAt).toBeLessThan(endedAt);
        return askedAt;
      });
      expect(await cluster.state(2)).toBe('stopped');
      await timed(() => cluster.start(2));
      expect(await cluster.answers(2)).toBe(true);
    });

    test('pauses a node, which then answers nobody, and resumes it', async () => {
      await timed(() => cluster.pause(3));
      expect(await cluster.state(3)).toBe('paused');
      expect(await cluster.answers(3)).toBe(false);
      await timed(() => cluster.resume(3));
      expect(await cluster.state(3)).toBe('running');
      await expect.poll(() => cluster.answers(3), { timeout: 20_000 }).toBe(true);
    });

    test('takes it well to be asked for what is so already', async () => {
      await cluster.start(1);
      expect(await cluster.state(1)).toBe('running');
      await cluster.kill(1);
      await cluster.kill(1);
      await cluster.stop(1);
      expect(await cluster.state(1)).toBe('stopped');
      await cluster.start(1);
      await cluster.resume(1);
      expect(await cluster.state(1)).toBe('running');
    });

    test('leaves nothing behind when it is down', async () => {
      await cluster.down();
      for (let node = 1; node <= cluster.nodes; node++) {
        expect(await cluster.state(node)).toBe('stopped');
        expect(await cluster.answers(node)).toBe(false);
      }
    });
  });
}
