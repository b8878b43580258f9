import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cleanLeftovers, findLeftovers } from '../clean/clean.ts';
import { engineEndpoint } from '../cluster/docker/endpoint.ts';
import { dockerAt } from '../cluster/docker/engine.ts';
import { whyNoEngine } from '../cluster/docker/testing/why-no-engine.ts';
import { imagesMountedBelow } from '../file-system/loop-mount.ts';
import { loopsBelow } from '../file-system/mount-table.ts';
import { whatIsMissing } from '../file-system/trial.ts';
import { isAlive, signalProcess } from '../supervisor/process-table.ts';
import type { SupervisorState } from '../supervisor/protocol.ts';
import { DockerRuns, heldOf, nothingHeld, type RunUnderWay } from './testing/docker-runs.ts';

const missing = (await whyNoEngine()) ?? (await whatIsMissing('ext4', tmpdir()));
const skipped = missing === undefined ? '' : ` (skipped: ${missing})`;
/** However a run is killed, what it did to the machine is undone within this. */
const goneMsMax = 15_000;
const nodes = ['node-1', 'node-2', 'node-3'];
const workers = ['consumer-1', 'producer-1'];

let runs: DockerRuns;

beforeEach(() => {
  runs = new DockerRuns();
});

afterEach(() => runs.close());

describe.skipIf(missing !== undefined)(`a cut, a pause and a full disk on Docker${skipped}`, () => {
  interface Broken extends RunUnderWay {
    readonly state: SupervisorState;
    /** "10.231.7." */
    readonly subnets: readonly string[];
  }

  /** Each of the three nodes is under a fault that is proven to act. */
  async function broken(): Promise<Broken> {
    const faults = [
      { fault: 'disk-full', target: 'node-3', at: '1s', for: '50s' },
      { fault: 'cut', target: 'node-1', at: '2s', for: '50s' },
      { fault: 'pause', target: 'node-2', at: '3s', for: '50s' },
    ];
    const storage = { form: 'ext4', size: '64MiB' };
    const phases = [{ name: 'broken', duration: '60s', faults }];
    const workload = { rate: 100, producers: 1, consumers: 1 };
    const under = runs.start(runs.writeScenario(phases, { storage, workload }));
    const probed = [/disk-full node 3: probed/, /cut node 1: probed/, /pause node 2: probed/];
    await runs.untilSaid(under, ...probed);
    const state = runs.state();
    const held = await heldOf(state.run);
    const gates = [...nodes, ...workers].map((site) => `${site}-network`);
    expect(held.containers.toSorted()).toEqual([...gates, ...nodes, ...workers].toSorted());
    const subnets = await Promise.all(held.networks.map(subnetOf));
    expect(subnets).toHaveLength(2);
    expect(subnets.some((subnet) => filterOfHost().includes(subnet))).toBe(true);
    expect(imagesMountedBelow(runs.folder)).toHaveLength(3);
    return { ...under, state, subnets };
  }

  async function subnetOf(network: string): Promise<string> {
    const { IPAM } = await dockerAt(engineEndpoint()).getNetwork(network).inspect();
    return String(IPAM?.Config?.[0]?.Subnet).replace(/0\/24$/, '');
  }

  function filterOfHost(): string {
    return execFileSync('iptables-save', { encoding: 'utf8' });
  }

  async function isGone({ state, subnets }: Broken): Promise<boolean> {
    const { containers, networks, volumes } = await heldOf(state.run);
    const filter = filterOfHost();
    const mounts = [...imagesMountedBelow(runs.folder), ...loopsBelow(runs.folder)];
    const left = [...containers, ...networks, ...volumes, ...mounts];
    return left.length === 0 && !subnets.some((subnet) => filter.includes(subnet));
  }

  async function untilGone(run: Broken): Promise<void> {
    const deadline = performance.now() + goneMsMax;
    while (!(await isGone(run)) && performance.now() < deadline) await sleep(100);
    expect(await heldOf(run.state.run)).toEqual(nothingHeld);
    expect(await isGone(run)).toBe(true);
  }

  test('are gone when the harness is killed, and its histories are kept', async () => {
    const run = await broken();
    run.harness.kill('SIGKILL');
    await untilGone(run);
    expect(runs.workerHistories()).toHaveLength(workers.length);
    const leftovers = await cleanLeftovers(runs.output);
    expect(leftovers).toMatchObject([{ containers: [], networks: [], mounts: [], data: true }]);
    const { stdout } = runs.ackworth(['check', 'runs/latest']);
    expect(stdout).toMatch(/the harness was killed before the run was over/);
  });

  test('are gone when the supervisor is killed, and the run says so', async () => {
    const run = await broken();
    signalProcess(run.state.supervisor, 'SIGKILL');
    await untilGone(run);
    expect(await run.ended).toBe(2);
    expect(run.said()).toMatch(/the supervisor was lost/);
    expect(runs.workerHistories()).toHaveLength(workers.length);
  });

  /** With nobody left to undo anything. */
  async function killedAltogether(): Promise<Broken> {
    const run = await broken();
    signalProcess(run.state.supervisor, 'SIGSTOP');
    run.harness.kill('SIGKILL');
    signalProcess(run.state.supervisor, 'SIGKILL');
    const killed = [run.state.harness, run.state.supervisor];
    await vi.waitUntil(() => !killed.some(isAlive), { timeout: goneMsMax });
    expect((await heldOf(run.state.run)).containers).toHaveLength(10);
    return run;
  }

  test('are cleaned up by the next run, which says so, and by command, when both are killed', async () => {
    const first = await killedAltogether();
    const next = await killedAltogether();
    const left = '10 containers, 2 networks and 3 file systems, which were removed';
    expect(next.said()).toContain(`${first.state.run} was killed and had left ${left}`);
    expect(await heldOf(first.state.run)).toEqual(nothingHeld);
    // Those of the next run.
    expect(imagesMountedBelow(runs.folder)).toHaveLength(3);
    const began = performance.now();
    const { stdout } = runs.ackworth(['clean']);
    expect(performance.now() - began).toBeLessThan(goneMsMax);
    expect(stdout).toMatch(/removed container node-1\b/);
    expect(stdout).toMatch(/removed network ackworth-.+-cluster/);
    expect(stdout).toMatch(/unmounted node-3/);
    expect(await isGone(first)).toBe(true);
    expect(await isGone(next)).toBe(true);
    expect(runs.workerHistories()).toHaveLength(workers.length);
    expect(existsSync(join(runs.output, 'latest', 'data'))).toBe(false);
    expect(await findLeftovers(runs.output)).toEqual([]);
  });
});
