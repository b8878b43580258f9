import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { freePorts } from '../harness/cluster/process/free-ports.ts';
import { referenceProgram } from '../harness/driver/reference/program.ts';

// What the Dockerfile and compose.yaml say, done by processes: no registry is needed for that.
const token = 'secret';
const patience = { timeout: 60_000, interval: 100 };

interface ComposeNode {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, ComposeNode>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const compose = parse(readFileSync('compose.yaml', 'utf8'), { merge: true }) as Compose;
/** Of the stage that is kept: instructions with their arguments. */
const instructions = readFileSync('Dockerfile', 'utf8')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split(/^FROM .*$/m)
  .at(-1)!
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => [line.split(' ', 1)[0]!, line.slice(line.indexOf(' ') + 1).trim()] as const);

/** Of each of them the arguments. */
function all(instruction: string): string[] {
  return instructions.filter(([name]) => name === instruction).map(([, rest]) => rest);
}

function list(instruction: string): string[] {
  return JSON.parse(all(instruction)[0]!.replace(/^.*CMD (?=\[)/, '')) as string[];
}

let folder: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ackworth-image-'));
  for (const copied of all('COPY')) {
    const [source = '', target = ''] = copied.replace('--from=build /app/', '').split(' ');
    expect(existsSync(source), source).toBe(true);
    const into = join(folder, target);
    if (source === 'node_modules') symlinkSync(join(process.cwd(), source), into);
    else cpSync(source, target === './' ? join(into, source) : into, { recursive: true });
  }
});

afterEach(async () => {
  for (const child of started.splice(0)) {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  }
  rmSync(folder, { recursive: true });
});

/** A container of the image, on ports of this machine: these names are dialled there. */
function start(command: readonly string[], places: Readonly<Record<string, string>>): ChildProcess {
  const [program = '', ...args] = [...list('ENTRYPOINT'), ...command].map((argument) =>
    Object.entries(places).reduce((text, [from, to]) => text.replace(from, to), argument),
  );
  const env = { ...process.env, ACKWORTH_TOKEN: token };
  const child = spawn(program, args, { cwd: folder, env, stdio: 'ignore' });
  started.push(child);
  return child;
}

function isHealthy(port: number): boolean {
  const [program = '', ...args] = list('HEALTHCHECK');
  const here = args.map((argument) => argument.replace(':7071/', `:${port}/`));
  return spawnSync(program, here, { cwd: folder, stdio: 'ignore' }).status === 0;
}

test('the image starts a node that serves, and its health check tells whether it does', async () => {
  const [clients = 0, gateway = 0] = await freePorts(2);
  const places = {
    '0.0.0.0:7070': `127.0.0.1:${clients}`,
    '0.0.0.0:7071': `127.0.0.1:${gateway}`,
    '/data': join(folder, 'data'),
  };
  expect(isHealthy(gateway)).toBe(false);
  const node = start(list('CMD'), places);
  await vi.waitUntil(() => isHealthy(gateway), patience);
  expect(existsSync(places['/data'])).toBe(true);
  node.kill('SIGTERM');
  expect(await once(node, 'exit')).toEqual([0, null]);
  expect(isHealthy(gateway)).toBe(false);
});

test('three nodes of compose.yaml are a cluster', async () => {
  const nodes = Object.entries(compose.services);
  const ports = await freePorts(2 * nodes.length);
  const addresses = nodes.map((_, index) => `127.0.0.1:${ports[index]}`);
  const names = nodes.map(([name], index) => [`${name}:7070`, addresses[index]!] as const);
  nodes.forEach(([name, { command, environment, ports: published, volumes }], index) => {
    expect(Object.keys(environment)).toEqual(['ACKWORTH_TOKEN']);
    // Where the gateway is, and the data are, in the image.
    expect(published).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+:7071$/)]);
    expect(volumes).toEqual([`data-${index + 1}:${all('VOLUME')[0]}`]);
    expect(compose.volumes).toHaveProperty(`data-${index + 1}`);
    start(command, {
      ...Object.fromEntries(names),
      '0.0.0.0:7071': `127.0.0.1:${ports[nodes.length + index]}`,
      '/data': join(folder, name),
    });
  });
  const { ask } = referenceProgram();
  for (const address of addresses) {
    const answers = async (): Promise<boolean> => {
      const answer = await ask(address, { token, timeoutMs: 500 });
      return answer !== undefined && answer.coordinator !== 0;
    };
    await vi.waitUntil(answers, patience);
  }
  expect(isHealthy(ports.at(-1)!)).toBe(true);
});
