import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { clockAheadSeconds, OwnEngine } from '../cluster/docker/testing/own-engine.ts';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import { historyFiles, readHistoryHeader } from '../history/reader.ts';
import { clockDomain } from '../measure/clock.ts';
import { readRecord } from '../record/read.ts';
import type { RunRecord } from '../record/record.ts';
import { DockerRuns, heldOf, nothingHeld } from './testing/docker-runs.ts';

// An engine as Docker Desktop, colima and lima have it: in a virtual machine, behind a socket of ours.
const noRoot = process.getuid?.() === 0 ? undefined : 'starting an engine needs root';
const noClock = existsSync('/proc/self/ns/time') ? undefined : 'this kernel has one clock alone';
const missing = (await whyNoEngine()) ?? noRoot ?? noClock;
const workload = { rate: 500, producers: 2, consumers: 2 };
const leader = { target: 'leader', at: '2s', for: '1s' };

describe.skipIf(missing !== undefined)(
  `an engine in a virtual machine${missing ? ` (skipped: ${missing})` : ''}`,
  () => {
    let engine: OwnEngine;

    beforeAll(async () => {
      engine = new OwnEngine({ machine: 'colima' });
      await engine.start();
    });

    afterAll(() => engine.close());

    async function passing(runs: DockerRuns, faults: readonly object[]): Promise<RunRecord> {
      const run = runs.start(
        runs.writeScenario([{ name: 'hit', duration: '12s', faults }], { workload }),
      );
      expect(await run.ended, run.said()).toBe(0);
      const record = await readRecord(join(runs.output, 'latest', 'record.json'));
      expect(await heldOf(record.id, engine.host)).toEqual(nothingHeld);
      return record;
    }

    test.concurrent(
      'takes a run with its leader killed: none lost, all times in one clock',
      async ({ onTestFinished }) => {
        const runs = new DockerRuns(engine);
        onTestFinished(() => runs.close());
        const record = await passing(runs, [{ fault: 'kill', ...leader }]);
        expect(record).toMatchObject({ verdict: 'pass', accounting: { lost: 0 } });
        expect(record.validity).toEqual({ state: 'trusted', reasons: [] });
        expect(record.cluster.note).toMatch(/in a virtual one \(colima, Linux .*data in volumes/);

        const { clockDomain: own, carriedClock } = record.environment;
        expect(own).toBe(clockDomain());
        expect(carriedClock!.domain).toBe(`${own}+${clockAheadSeconds}s`);
        expect(carriedClock!.boundMs).toBeGreaterThanOrEqual(carriedClock!.errorMs);
        expect(carriedClock!.boundMs).toBeLessThan(20);

        // It is one kernel after all, so that the offset is known.
        for (const file of historyFiles(join(runs.output, 'latest', 'history'))) {
          const { role, carried, clockDomain: domain } = readHistoryHeader(file)!;
          expect(domain).toBe(own);
          if (role !== 'producer' && role !== 'consumer') continue;
          expect(carried!.from).toBe(carriedClock!.domain);
          const offMs = Math.abs(carried!.byNanos + clockAheadSeconds * 1e9) / 1e6;
          expect(offMs).toBeLessThanOrEqual(carriedClock!.errorMs);
        }

        const { endToEnd, service } = record.latency;
        expect(endToEnd).toMatchObject({ negative: 0, count: 6000 });
        expect(endToEnd.min).toBeGreaterThan(0);
        expect(endToEnd.max).toBeLessThan(12e6);
        expect(service.negative).toBe(0);

        const [killed] = record.faults;
        expect(killed!.proof).toMatchObject({ injected: 'confirmed', healed: 'confirmed' });
        expect(killed!.exposedMessages).toBeGreaterThan(0);
        expect(killed!.rtoMs).toBeGreaterThan(0);
        expect(killed!.rtoMs).toBeLessThan(8000);
        expect(killed!.rtoBoundMs).toBeGreaterThan(0);
        expect(killed!.effectiveAtMs! - killed!.requestedAtMs).toBeLessThan(2000);

        const page = readFileSync(join(runs.output, 'latest', 'report.html'), 'utf8');
        expect(page).toContain('clock of the workers');
        expect(page).toContain(carriedClock!.domain);
      },
    );

    test.concurrent(
      'takes a cut, at a time that its packet filter says by a clock of its own',
      async ({ onTestFinished }) => {
        const runs = new DockerRuns(engine);
        onTestFinished(() => runs.close());
        const record = await passing(runs, [{ fault: 'cut', ...leader }]);
        expect(record).toMatchObject({ verdict: 'pass', accounting: { lost: 0 } });
        const [cut] = record.faults;
        expect(cut!.proof).toMatchObject({ injected: 'confirmed', healed: 'confirmed' });
        expect(cut!.effectiveAtMs! - cut!.requestedAtMs).toBeGreaterThan(0);
        expect(cut!.effectiveAtMs! - cut!.requestedAtMs).toBeLessThan(2000);
        expect(cut!.healedAtMs! - cut!.effectiveAtMs!).toBeLessThan(3000);
      },
    );

    test.each([
      [
        'power-cut',
        /^ackworth: storage \w+ needs an engine of this machine, and the one at unix:.* \(colima, /m,
      ],
      [
        'corruption',
        /^ackworth: "[-\w]+" acts on files of the nodes, .* \(colima, .*: use --cluster process/m,
      ],
    ])('refuses %s before anything is started', (scenario, sentence) => {
      const runs = new DockerRuns(engine);
      onTestFinished(() => runs.close());
      const { status, stdout, stderr } = runs.ackworth(['run', scenario, '--cluster', 'docker']);
      expect(stderr).toMatch(sentence);
      expect(stderr.split('\n').filter((line) => line.startsWith('ackworth: '))).toHaveLength(1);
      expect(status, stdout).toBe(1);
      expect(readdirSync(runs.folder)).not.toContain('runs');
    });

    test('is told by the doctor', ({ onTestFinished }) => {
      const runs = new DockerRuns(engine);
      onTestFinished(() => runs.close());
      expect(runs.ackworth(['doctor']).stdout.replaceAll(/\s+/g, ' ')).toMatch(
        /in a virtual one \(colima, .*times are carried over/,
      );
    });
  },
);
