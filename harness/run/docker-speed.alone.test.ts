import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engineEndpoint } from '../cluster/docker/endpoint.ts';
import { openEngine } from '../cluster/docker/engine.ts';
import { provideGateImage } from '../cluster/docker/image/gate-image.ts';
import { provideImage } from '../cluster/docker/image/image.ts';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import { nodeEntry } from '../driver/reference/program.ts';
import { entryPoint } from '../entry-point.ts';
import { historyFiles, readHistory } from '../history/reader.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { RunRecord } from '../record/record.ts';
import { DockerRuns } from './testing/docker-runs.ts';

// How long a run in containers keeps its user, and its faults, waiting.
const missing = await whyNoEngine();
const workload = { rate: 500, producers: 1, consumers: 1 };

let runs: DockerRuns;

beforeEach(() => {
  runs = new DockerRuns();
});

afterEach(() => runs.close());

const one = (duration: string, faults: readonly object[]): Promise<RunRecord> =>
  runs.passing(runs.writeScenario([{ name: 'one', duration, faults }], { workload }));

describe.skipIf(missing !== undefined)(
  `a run in containers${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    // The goals are those of an engine that has them.
    beforeAll(async () => {
      const engine = await openEngine(engineEndpoint());
      await provideImage(engine, [entryPoint(nodeEntry)], () => undefined);
      await provideGateImage(engine, () => undefined);
    });

    /** From the command to the first ack and from the end of all work until nothing is left, in ms. */
    async function pace(): Promise<{ fromCommandMs: number; tearDownMs: number }> {
      const askedNanos = monotonicNanos();
      const { toFirstAckMs, tearDownMs } = (await one('2s', [])).timing;
      let firstAckNanos = Infinity;
      for (const file of historyFiles(join(runs.output, 'latest', 'history'))) {
        readHistory(file, {
          complete: ({ outcome, time }) => {
            if (outcome === 'ok') firstAckNanos = Math.min(firstAckNanos, time);
          },
        });
      }
      const fromCommandMs = (firstAckNanos - askedNanos) / 1e6;
      process.stderr.write(
        `first ack ${Math.round(fromCommandMs)} ms after the command, ` +
          `${Math.round(toFirstAckMs!)} ms after the run began; ` +
          `torn down in ${Math.round(tearDownMs!)} ms\n`,
      );
      expect(toFirstAckMs).toBeLessThan(fromCommandMs);
      return { fromCommandMs, tearDownMs: tearDownMs! };
    }

    test('has its first message acked within 6 s of the command, and is gone within 5, by the median of three', async () => {
      const paces = [await pace(), await pace(), await pace()];
      const median = (of: 'fromCommandMs' | 'tearDownMs'): number =>
        paces.map((each) => each[of]).toSorted((a, b) => a - b)[1]!;
      expect(median('fromCommandMs')).toBeLessThan(6000);
      expect(median('tearDownMs')).toBeLessThan(5000);
    });

    test('cuts at once, and where links can be cut takes a node off its network, too', async () => {
      const step = { target: 'leader', for: '2s' };
      const { accounting, faults } = await one('20s', [
        { ...step, fault: 'cut', at: '1s' },
        { ...step, fault: 'disconnect', at: '8s' },
      ]);
      const [cut, apart] = faults;
      expect(cut!.effectiveAtMs! - cut!.requestedAtMs).toBeLessThan(500);
      // With links that can be cut, a node's interfaces are those of its gate.
      expect(apart!.proof.injectedEvidence).toMatch(/has node \d on the network client, no answer/);
      expect(accounting.lost).toBe(0);
    });
  },
);
