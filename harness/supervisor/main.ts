/**
 * The supervisor: one process per run that owns every other process of it. It lives in a session of
 * its own, so that Ctrl-C reaches the harness alone; and it ends, with all its children, mounts and containers,
 * once its pipe to the harness closes, however the harness ended.
 */
import { renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { EngineEndpoint } from '../cluster/docker/endpoint.ts';
import { endsOf } from '../file-system/file-ends.ts';
import { clockDomain, monotonicNanos } from '../measure/clock.ts';
import { Children } from './children.ts';
import { Mounts } from './mounts.ts';
import { Networks } from './networks.ts';
import { ownIdentity, type ProcessIdentity } from './process-table.ts';
import {
  endMsMax,
  endOnEngineMsMax,
  lateExitCode,
  type CutAsk,
  type MountAsk,
  type Notice,
  type Reply,
  type Request,
  type SupervisorState,
} from './protocol.ts';

const [run = '', stateFile = '', harnessText = '{}'] = process.argv.slice(2);
const harness = JSON.parse(harnessText) as ProcessIdentity;
const supervisor = ownIdentity();
const domain = clockDomain();

const children = new Children({
  run,
  directory: dirname(stateFile),
  notify: (notice) => {
    if (notice.type === 'exited') saveState();
    say(notice);
  },
});
let engine: EngineEndpoint | undefined;

const mounts = new Mounts(saveState);
const networks = new Networks(run);

function say(message: Reply | Notice): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function saveState(): void {
  const { namespace } = supervisor;
  const living = children.living().map((child) => ({ ...child, ...(namespace && { namespace }) }));
  const state: SupervisorState = {
    run,
    clockDomain: domain,
    harness,
    supervisor,
    children: living,
    mounts: mounts.present(),
    ...(engine && { engine }),
  };
  try {
    writeFileSync(`${stateFile}.new`, `${JSON.stringify(state, null, 2)}\n`);
    renameSync(`${stateFile}.new`, stateFile);
  } catch (error) {
    // The folder is gone or its disk is full: children still have to be ended, which needs no file.
    rmSync(`${stateFile}.new`, { force: true });
    log(`${stateFile} cannot be written: ${(error as Error).message}`);
  }
}

/** Its own log may be on the same full disk, and nothing may come of that. */
function log(line: string): void {
  try {
    writeSync(process.stderr.fd, `${line}\n`);
  } catch {
    // Said to nobody.
  }
}

async function answer(request: Request): Promise<void> {
  try {
    if (isMountAsk(request)) {
      say({ type: 'done', id: request.id, atNanos: await mounts.act(request) });
      return;
    }
    if (request.type === 'cut-power') {
      say({ type: 'done', id: request.id, ...(await cutPower(request)) });
      return;
    }
    if (request.type === 'engine') {
      engine = request.endpoint;
      saveState();
      say({ type: 'done', id: request.id, atNanos: monotonicNanos() });
      return;
    }
    if (request.type === 'network') {
      say({ type: 'done', id: request.id, atNanos: await networks.make(request, engine) });
      return;
    }
    const acting = children.act(request, engine);
    if (request.type === 'spawn') saveState();
    say({ type: 'answer', id: request.id, ...(await acting) });
  } catch (error) {
    say({ type: 'refused', id: request.id, message: (error as Error).message });
  }
}

/** The signals are sent at once; that they took effect is seen while the rest is done. */
async function cutPower({ name, directory, files }: CutAsk) {
  const frozen = children.act({ type: 'pause', name }, engine);
  frozen.catch(() => undefined);
  if (!children.pausesAtOnce(name)) await frozen;
  const ends = endsOf(files);
  await mounts.act({ type: 'shut-down', directory });
  const told = ends.map(({ path, size, end }) => ({ path, size, end: end.toString('base64') }));
  return { atNanos: (await frozen).atNanos, ends: told };
}

function isMountAsk(request: Request): request is Request & MountAsk {
  return ['mount', 'unmount', 'arm', 'shut-down'].includes(request.type);
}

/** Loaded for runs that have one, with the client of the engine. */
async function removeFromEngine(): Promise<string[]> {
  if (engine === undefined) return [];
  const [{ dockerAt }, { removeRun }] = await Promise.all([
    import('../cluster/docker/engine.ts'),
    import('../cluster/docker/remove-run.ts'),
  ]);
  return removeRun(dockerAt(engine), run);
}

/** Nothing of the run may outlive this, and nothing may keep it from ending. */
async function end(): Promise<void> {
  setTimeout(() => process.exit(lateExitCode), engine ? endOnEngineMsMax : endMsMax).unref();
  await Promise.all([children.killAll(), networks.settle()]);
  const onEngine = await removeFromEngine();
  for (const problem of onEngine) log(problem);
  if (onEngine.length === 0) engine = undefined;
  for (const problem of await mounts.releaseAll()) process.stderr.write(`${problem}\n`);
  saveState();
  process.exit(0);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end());
process.on('uncaughtException', (error) => {
  log(error.stack ?? error.message);
  void end();
});
// Writes fail once the harness is gone; the end of stdin says so more clearly.
process.stdout.on('error', () => undefined);
const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
lines.on('line', (line) => void answer(JSON.parse(line) as Request));
lines.on('close', () => void end());
saveState();
