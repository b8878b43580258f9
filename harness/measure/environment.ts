import { readFileSync, realpathSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { sep } from 'node:path';

import type { RunRecord } from '../record/record.ts';
import { clockDomain } from './clock.ts';

/** What the run stood on; `directory` is where the nodes and the history write. */
export function describeEnvironment(directory: string): Omit<RunRecord['environment'], 'probes'> {
  return {
    cpu: cpus()[0]?.model.trim() ?? process.arch,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
    fileSystem: fileSystemOf(directory),
    node: process.version,
    clockDomain: clockDomain(),
  };
}

function fileSystemOf(directory: string): string {
  try {
    return mountOf(realpathSync(directory), readFileSync('/proc/self/mounts', 'utf8'));
  } catch {
    return 'unknown';
  }
}

/** Type and place of the mount that holds a path, from the text of /proc/self/mounts. */
export function mountOf(path: string, mounts: string): string {
  let best: { point: string; kind: string } | undefined;
  for (const line of mounts.split('\n')) {
    const [, escaped, kind] = line.split(' ');
    if (escaped === undefined || kind === undefined) continue;
    const point = escaped.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(parseInt(octal, 8)),
    );
    const inside = path === point || path.startsWith(point.endsWith(sep) ? point : point + sep);
    // Of two mounts on one point the later one is on top.
    if (inside && point.length >= (best?.point.length ?? 0)) best = { point, kind };
  }
  return best === undefined ? 'unknown' : `${best.kind} on ${best.point}`;
}
