import { accessSync, constants, existsSync, readFileSync, statSync, statfsSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { findLeftovers } from '../clean/clean.ts';
import { freePorts } from '../cluster/process/free-ports.ts';
import { brokers } from '../driver/registry.ts';
import { entryPoint } from '../entry-point.ts';
import { HarnessError } from '../errors.ts';
import { removeEmpty } from '../file-system/remove-empty.ts';
import { whatIsMissing } from '../file-system/trial.ts';
import { describeEnvironment } from '../measure/environment.ts';
import { probeEnvironment } from '../measure/probes.ts';
import { makeDirectory } from '../run/make-directory.ts';
import { processStatus } from '../supervisor/process-table.ts';

/** One thing that a run needs of the machine. */
export interface Finding {
  readonly name: string;
  /** `bad`: runs cannot work here; `doubtful`: they can, and something about them suffers. */
  readonly state: 'good' | 'doubtful' | 'bad';
  /** What was found. */
  readonly found: string;
  /** What it means and what to do; empty when good. */
  readonly advice: string;
}

const gigabyte = 1024 ** 3;

/**
 * What this machine can do, and why not. `output` is where run folders would go. Takes about a
 * second.
 */
export async function examine(output: string): Promise<Finding[]> {
  const madeOutput = !existsSync(output);
  const folder = writableFolder(output);
  const findings = [
    nodeVersion(),
    kernel(),
    cores(),
    memory(),
    openFiles(),
    built(),
    await ports(),
    await docker(),
    ...(await installedBrokers()),
    folder,
  ];
  if (folder.state === 'good')
    findings.push(
      space(output),
      ...(await disk(output)),
      await storage(output),
      await leftovers(output),
    );
  if (madeOutput && folder.state === 'good') removeEmpty(output);
  return findings;
}

function good(name: string, found: string): Finding {
  return { name, state: 'good', found, advice: '' };
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const found = process.version;
  if (major > 20 || (major === 20 && minor >= 19)) return good('Node', found);
  return { name: 'Node', state: 'bad', found, advice: 'Ackworth needs Node 20.19 or later' };
}

function kernel(): Finding {
  const { kernel: found } = describeEnvironment('.');
  if (processStatus(process.pid)) return good('process table', `${found}, /proc is there`);
  const advice = 'faults are proven by what /proc says of processes: runs need Linux';
  return { name: 'process table', state: 'bad', found: `${found}, no /proc`, advice };
}

function cores(): Finding {
  const count = availableParallelism();
  if (count >= 2) return good('cores', String(count));
  const advice = 'load, nodes and consumers share one core: rates and latencies will be doubtful';
  return { name: 'cores', state: 'doubtful', found: String(count), advice };
}

function memory(): Finding {
  const available = availableMemory();
  const found = `${(available / gigabyte).toFixed(1)} GiB available`;
  if (available >= gigabyte) return good('memory', found);
  return {
    name: 'memory',
    state: 'doubtful',
    found,
    advice: 'three nodes and their load want about 1 GiB',
  };
}

function availableMemory(): number {
  try {
    const match = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    return match ? Number(match[1]) * 1024 : freemem();
  } catch {
    return freemem();
  }
}

function openFiles(): Finding {
  let limit = Number.POSITIVE_INFINITY;
  try {
    const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    if (match) limit = Number(match[1]);
  } catch {
    // No limit is known where there is no /proc, which is told elsewhere.
  }
  if (limit >= 1024) return good('open files', `at most ${limit}`);
  return {
    name: 'open files',
    state: 'doubtful',
    found: `at most ${limit}`,
    advice: 'raise it: ulimit -n 4096',
  };
}

function built(): Finding {
  try {
    for (const path of [
      'broker/server/main.js',
      'harness/supervisor/main.js',
      'harness/load/worker.js',
    ])
      entryPoint(path);
    return good('build', 'programs of the nodes and workers are there');
  } catch (error) {
    return { name: 'build', state: 'bad', found: reasonOf(error), advice: 'npm run build' };
  }
}

async function ports(): Promise<Finding> {
  try {
    await freePorts(9);
    return good('loopback', 'free ports on 127.0.0.1');
  } catch (error) {
    return {
      name: 'loopback',
      state: 'bad',
      found: reasonOf(error),
      advice: 'nodes listen on 127.0.0.1 and need free ports',
    };
  }
}

/** Loaded here alone: the client of the engine is large. */
async function docker(): Promise<Finding> {
  const { examineDocker } = await import('../cluster/docker/examine.ts');
  return { name: 'Docker', ...(await examineDocker()) };
}

/** Those that have to be installed. */
async function installedBrokers(): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { name, examine: look } of brokers) {
    if (look !== undefined) found.push({ name: `broker ${name}`, ...(await look()) });
  }
  return found;
}

function writableFolder(output: string): Finding {
  try {
    makeDirectory(output);
    if (!statSync(output).isDirectory()) throw new Error(`${output} is a file`);
    accessSync(output, constants.W_OK);
    return good('run folder', `${output} can be written`);
  } catch (error) {
    return {
      name: 'run folder',
      state: 'bad',
      found: reasonOf(error),
      advice: 'choose another with --out',
    };
  }
}

function space(output: string): Finding {
  const { bavail, bsize } = statfsSync(output);
  const bytes = bavail * bsize;
  const found = `${(bytes / gigabyte).toFixed(1)} GiB free in ${output}`;
  if (bytes >= 2 * gigabyte) return good('disk space', found);
  const advice = 'a minute at 5,000 messages of 1 KiB per second on three nodes fills about 1 GiB';
  return { name: 'disk space', state: 'doubtful', found, advice };
}

async function disk(output: string): Promise<Finding[]> {
  const { fileSystem } = describeEnvironment(output);
  const { fsyncP50Ms, fsyncP99Ms, loopbackP50Ms } = await probeEnvironment(output);
  const p99 = fsyncP99Ms === null ? '' : `, p99 ${fsyncP99Ms.toFixed(2)} ms`;
  const found = `${fileSystem}: fsync p50 ${fsyncP50Ms.toFixed(2)} ms${p99}`;
  const loopback = good('round trip', `loopback p50 ${loopbackP50Ms.toFixed(3)} ms`);
  if (/^(tmpfs|ramfs)\b/.test(fileSystem)) {
    const advice =
      'this file system is memory: a sync costs nothing here, so flush modes cannot be told apart';
    return [{ name: 'sync', state: 'doubtful', found, advice }, loopback];
  }
  return [good('sync', found), loopback];
}

/** Really tried: whether the power of a node's own file system can be cut here. */
async function storage(output: string): Promise<Finding> {
  const name = 'power cuts';
  const lacking = {
    ext4: await whatIsMissing('ext4', output),
    xfs: await whatIsMissing('xfs', output),
  };
  const forms = (['ext4', 'xfs'] as const).filter((form) => lacking[form] === undefined);
  if (lacking.ext4 === undefined && lacking.xfs === undefined)
    return good(name, 'real, on ext4 and xfs: both were made, mounted and shut down');
  const reasons = [
    ...new Set([lacking.ext4, lacking.xfs].filter((reason) => reason !== undefined)),
  ];
  const found =
    forms.length > 0
      ? `real, on ${forms.join()} alone: it was made, mounted and shut down`
      : 'emulated, by the disk part of the reference broker';
  return { name, state: 'doubtful', found, advice: reasons.join('; ') };
}

async function leftovers(output: string): Promise<Finding> {
  const found = (await findLeftovers(output)).filter(({ running }) => !running);
  if (found.length === 0) return good('leftovers', 'none of killed runs');
  const processes = found.flatMap((one) => one.processes).length;
  const held = found.flatMap(({ mounts, loopDevices }) =>
    mounts.length > 0 ? mounts : loopDevices,
  );
  const containers = found.flatMap((one) => one.containers).length;
  const kept =
    held.length === 0
      ? ''
      : `, ${held.length} of their file systems are mounted or hold a loop device`;
  return {
    name: 'leftovers',
    state: 'doubtful',
    found: `${found.length} killed runs left data, ${processes} processes and ${containers} containers of them are there${kept}`,
    advice: 'ackworth clean',
  };
}

function reasonOf(error: unknown): string {
  return error instanceof HarnessError || error instanceof Error ? error.message : String(error);
}
