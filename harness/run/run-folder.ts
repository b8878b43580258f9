import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HarnessError } from '../errors.ts';
import type { Plan } from '../scenario/plan-types.ts';
import { planText } from '../scenario/plan.ts';
import { makeDirectory } from './make-directory.ts';
import { historyDirectoryName, nodeDirectoryName, planFileName } from './run-facts.ts';
import type { RunOptions } from './run-types.ts';

export interface RunFolder {
  readonly id: string;
  /** Absolute. */
  readonly directory: string;
}

/**
 * Makes the run's folder with the plan in it: `<output>/<run-id>/`, at which `<output>/latest` then
 * points, or the very folder that was asked for.
 */
export function createRunFolder(
  where: Pick<RunOptions, 'outputDirectory' | 'directory'>,
  plan: Plan,
  startedAt: Date,
): RunFolder {
  const output = where.outputDirectory;
  const id = newRunId(plan.scenario.name, startedAt);
  const directory = resolve(where.directory ?? join(output, id));
  try {
    makeDirectory(join(directory, historyDirectoryName));
    makeDirectory(join(directory, nodeDirectoryName));
    writeFileSync(join(directory, planFileName), planText(plan));
    if (where.directory === undefined) pointLatest(output, id);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HarnessError('environment', `cannot write the run folder ${directory}: ${reason}`, {
      cause,
    });
  }
  return { id, directory };
}

/** Sorts by time, says what it is of, and is not the id of another. */
export function newRunId(name: string, startedAt: Date): string {
  const stamp = startedAt.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  return `${stamp}-${name}-${randomBytes(2).toString('hex')}`;
}

/** By rename, so that it always points at something. */
export function pointLatest(output: string, id: string): void {
  const link = resolve(output, 'latest');
  const fresh = `${link}.${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(id, fresh);
  renameSync(fresh, link);
}
