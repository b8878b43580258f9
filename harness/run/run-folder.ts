import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HarnessError } from '../errors.ts';
import type { Plan } from '../scenario/plan-types.ts';
import { planText } from '../scenario/plan.ts';
import { makeDirectory } from './make-directory.ts';
import { historyDirectoryName, nodeDirectoryName, planFileName } from './run-facts.ts';

export interface RunFolder {
  readonly id: string;
  /** Absolute. */
  readonly directory: string;
}

/** Makes `<output>/<run-id>/` with the plan in it, and points `<output>/latest` at it. */
export function createRunFolder(output: string, plan: Plan, startedAt: Date): RunFolder {
  const stamp = startedAt.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const id = `${stamp}-${plan.scenario.name}-${randomBytes(2).toString('hex')}`;
  const directory = resolve(output, id);
  try {
    makeDirectory(join(directory, historyDirectoryName));
    makeDirectory(join(directory, nodeDirectoryName));
    writeFileSync(join(directory, planFileName), planText(plan));
    pointLatest(output, id);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HarnessError('environment', `cannot write the run folder ${directory}: ${reason}`, {
      cause,
    });
  }
  return { id, directory };
}

/** By rename, so that it always points at something. */
function pointLatest(output: string, id: string): void {
  const link = resolve(output, 'latest');
  const fresh = `${link}.${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(id, fresh);
  renameSync(fresh, link);
}
