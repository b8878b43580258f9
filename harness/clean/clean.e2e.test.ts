import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { examine } from '../doctor/doctor.ts';
import { letGo } from '../file-system/testing/let-go.ts';
import { clockDomain } from '../measure/clock.ts';
import {
  isAlive,
  ownIdentity,
  processStatus,
  type ProcessIdentity,
} from '../supervisor/process-table.ts';
import { cleanLeftovers, findLeftovers } from './clean.ts';

let output: string;
const children: ChildProcess[] = [];
const nobody: ProcessIdentity = { pid: 1, startTime: -1 };

beforeEach(() => {
  output = mkdtempSync(join(tmpdir(), 'ackworth-clean-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(output, { recursive: true, force: true });
});

function startProcess(): ProcessIdentity {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  children.push(child);
  return { pid: child.pid!, startTime: processStatus(child.pid!)!.startTime };
}

/** A run folder as a killed harness leaves it. */
function leaveRun(
  run: string,
  options: {
    children?: ProcessIdentity[];
    harness?: ProcessIdentity;
    endedAt?: string;
    boot?: string;
    /** The address of its Docker Engine. */
    engine?: string;
  } = {},
): void {
  const directory = join(output, run);
  mkdirSync(join(directory, 'data', 'node-1'), { recursive: true });
  mkdirSync(join(directory, 'history'));
  writeFileSync(
    join(directory, 'run.json'),
    JSON.stringify({
      version: 1,
      endedAt: options.endedAt ?? null,
      harness: options.harness ?? nobody,
      environment: { clockDomain: options.boot ?? clockDomain() },
    }),
  );
  const state = {
    run,
    clockDomain: options.boot ?? clockDomain(),
    harness: options.harness ?? nobody,
    supervisor: nobody,
    children: (options.children ?? []).map((identity, index) => ({
      name: `node-${index + 1}`,
      ...identity,
    })),
    ...(options.engine && { engine: { host: options.engine, chosenBy: 'a test' } }),
  };
  writeFileSync(join(directory, 'supervisor.json'), JSON.stringify(state));
}

describe('clean', () => {
  test('ends the processes of a killed run, also paused ones, and removes its data but not its history', async () => {
    const [node, paused] = [startProcess(), startProcess()];
    process.kill(paused.pid, 'SIGSTOP');
    leaveRun('killed', { children: [node, paused] });
    const found = await cleanLeftovers(output);
    expect(found).toMatchObject([
      {
        run: 'killed',
        data: true,
        running: false,
        processes: [`node-1 (process ${node.pid})`, `node-2 (process ${paused.pid})`],
      },
    ]);
    expect([node, paused].some(isAlive)).toBe(false);
    expect(existsSync(join(output, 'killed', 'data'))).toBe(false);
    expect(existsSync(join(output, 'killed', 'history'))).toBe(true);
    expect(await findLeftovers(output)).toEqual([]);
  });

  test('finds what a cell of a comparison left', async () => {
    const node = startProcess();
    leaveRun('compare-x/cells/sync-quorum-kill-leader', { children: [node] });
    expect(await cleanLeftovers(output)).toMatchObject([
      { run: 'compare-x/cells/sync-quorum-kill-leader', data: true, running: false },
    ]);
    expect(isAlive(node)).toBe(false);
  });

  test('leaves a run alone that still goes on', async () => {
    const node = startProcess();
    leaveRun('going-on', { children: [node], harness: ownIdentity() });
    expect(await cleanLeftovers(output)).toMatchObject([{ run: 'going-on', running: true }]);
    expect(isAlive(node)).toBe(true);
    expect(existsSync(join(output, 'going-on', 'data'))).toBe(true);
  });

  test('leaves a run alone whose supervisor has not begun yet', async () => {
    leaveRun('beginning', { harness: ownIdentity() });
    rmSync(join(output, 'beginning', 'supervisor.json'));
    expect(await cleanLeftovers(output)).toMatchObject([{ run: 'beginning', running: true }]);
    expect(existsSync(join(output, 'beginning', 'data'))).toBe(true);
  });

  test('never hits a process that only has the pid of one of ours', async () => {
    const stranger = startProcess();
    leaveRun('reused', { children: [{ pid: stranger.pid, startTime: stranger.startTime - 1 }] });
    leaveRun('other-boot', { children: [stranger], boot: 'another boot' });
    await cleanLeftovers(output);
    expect(isAlive(stranger)).toBe(true);
  });

  test('keeps the data of a run that ended in good order', async () => {
    leaveRun('kept', { endedAt: '2026-01-01T00:00:00.000Z' });
    expect(await cleanLeftovers(output)).toEqual([]);
    expect(existsSync(join(output, 'kept', 'data'))).toBe(true);
  });

  test('leaves folders alone that are no runs, and does without any', async () => {
    mkdirSync(join(output, 'mine', 'data'), { recursive: true });
    expect(await cleanLeftovers(output)).toEqual([]);
    expect(existsSync(join(output, 'mine', 'data'))).toBe(true);
    expect(await cleanLeftovers(join(output, 'nowhere'))).toEqual([]);
  });
});

const noRoot = process.getuid?.() === 0 ? '' : ' (skipped: containers need root)';

describe.skipIf(noRoot !== '')(`clean and containers that share a run folder${noRoot}`, () => {
  const apart = ['--pid', '--fork', '--kill-child', '--mount-proc'];
  const contained = [...apart, 'sh', '-c', `${letGo} exec "$@"`, 'sh', process.execPath];

  test('a run of which nothing is seen from there is left alone', () => {
    const node = startProcess();
    leaveRun('elsewhere', { children: [node], harness: ownIdentity() });
    const args = [...contained, resolve('bin/ackworth.js'), 'clean', '--out', output];
    const { stdout, status } = spawnSync('unshare', args, { encoding: 'utf8' });
    expect(stdout).toMatch(
      /^elsewhere: may still go on, left alone\n {2}its processes were started in another container/,
    );
    expect(status).toBe(1);
    expect(isAlive(node)).toBe(true);
    expect(existsSync(join(output, 'elsewhere', 'data'))).toBe(true);
  });

  /** A process in a container, as it would tell of itself. */
  async function startContained(): Promise<{ identity: ProcessIdentity; ended: Promise<unknown> }> {
    const script = `
      const { ownIdentity } = await import(process.argv[1]);
      console.log(JSON.stringify(ownIdentity()));
      setInterval(() => {}, 1000);`;
    const table = resolve('dist/harness/supervisor/process-table.js');
    const args = [...contained, '--input-type=module', '-e', script, table];
    const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const ended = once(child, 'exit');
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    return { identity: JSON.parse(line.toString()) as ProcessIdentity, ended };
  }

  test('a run in a container is seen from the machine: while it goes on, and when it was killed', async () => {
    const { identity, ended } = await startContained();
    expect(identity.pid).toBe(1);
    leaveRun('inside', { harness: identity });
    expect(await cleanLeftovers(output)).toMatchObject([{ running: true, problems: [] }]);
    rmSync(join(output, 'inside'), { recursive: true });
    leaveRun('killed', { children: [identity] });
    expect(await cleanLeftovers(output)).toMatchObject([{ running: false }]);
    await ended;
  });
});

test('what an engine does not let go of is told, and is not said to be removed', async () => {
  const held = new Set(['node-1']);
  const engine = createServer(({ method, url = '' }, response) => {
    const say = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (method === 'DELETE' && url.startsWith('/networks'))
      return say(403, { message: 'it has active endpoints' });
    if (method === 'DELETE') return say(held.delete('node-1') ? 204 : 404, {});
    if (url.startsWith('/containers/node-1'))
      return say(200, { State: { Running: false }, Config: { Labels: {} } });
    if (url.startsWith('/volumes')) return say(200, { Volumes: [] });
    if (url.startsWith('/networks')) return say(200, [{ Name: 'client', Id: 'client' }]);
    say(
      200,
      [...held].map((Id) => ({ Id, Names: [`/${Id}`], Labels: { 'ackworth.name': Id } })),
    );
  });
  const path = join(output, 'docker.sock');
  await new Promise<void>((listening) => engine.listen(path, listening));
  leaveRun('held', { engine: `unix://${path}` });
  const args = [resolve('bin/ackworth.js'), 'clean', '--out', output];
  const clean = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  clean.stdout.on('data', (text: Buffer) => (said += text.toString()));
  expect(await new Promise((ended) => clean.once('close', ended))).toBe(1);
  expect(said).toBe(
    'held: removed container node-1, removed its data\n' +
      '  network client cannot be removed: it has active endpoints\n',
  );
  await new Promise((closed) => engine.close(closed));
});

describe('the doctor', () => {
  test('finds this machine fit for runs, and tells of leftovers', async () => {
    leaveRun('killed');
    const findings = await examine(output);
    expect(findings.filter(({ state }) => state === 'bad')).toEqual([]);
    expect(findings.find(({ name }) => name === 'leftovers')).toMatchObject({
      state: 'doubtful',
      advice: 'ackworth clean',
    });
  });

  test('says when the run folder cannot be written, and goes on', async () => {
    writeFileSync(join(output, 'file'), '');
    const findings = await examine(join(output, 'file', 'runs'));
    expect(findings.find(({ name }) => name === 'run folder')).toMatchObject({ state: 'bad' });
  });

  test('leaves no folder behind that was not there', async () => {
    const fresh = join(output, 'fresh');
    await examine(fresh);
    expect(existsSync(fresh)).toBe(false);
  });
});
