import { renameSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MeasuredExposure } from '../checker/book/exposure.ts';
import type { SiteUsage } from '../cluster/site-usage.ts';
import { HarnessError } from '../errors.ts';
import type { CarriedClock } from '../measure/clock-offset.ts';
import type { Plan } from '../scenario/plan-types.ts';
import type { RunRecord } from '../record/record.ts';
import type { ProcessIdentity } from '../supervisor/process-table.ts';

/**
 * `run.json`: what is known of a run besides its plan and its history. Written when the run begins
 * and again whenever it changes, so that a run whose harness was killed can be judged as well.
 */
export interface RunFacts {
  readonly version: 1;
  readonly id: string;
  readonly startedAt: string;
  /** Null while it goes on, and for good when the harness was killed. */
  readonly endedAt: string | null;
  /** Who writes this, on the kernel of `environment.clockDomain`; unknown to earlier versions. */
  readonly harness?: ProcessIdentity;
  readonly ackworth: string;
  readonly command: string;
  readonly target: RunRecord['target'];
  readonly environment: RunRecord['environment'];
  /** What became of the choices that the plan leaves to the machine; unknown to earlier versions. */
  readonly cluster?: Pick<RunRecord['cluster'], 'storage' | 'network' | 'note'>;
  /** When it was asked for, monotonic nanoseconds, and how long its end took; as above. */
  readonly timing?: { readonly beganNanos: number; readonly tearDownMs: number | null };
  /** What nodes and workers used, where that is told; unknown to earlier versions. */
  readonly resources?: readonly SiteUsage[];
  /** Where the workers had another clock than the harness: how their times were carried over. */
  readonly clock?: CarriedClock;
  /** What faults put at risk, by their ids, where that was measured. */
  readonly exposures: Readonly<Record<string, MeasuredExposure>>;
  /** What kept the run from being what was planned, as sentences; each makes it inconclusive. */
  readonly problems: readonly string[];
}

export const factsFileName = 'run.json';
export const planFileName = 'plan.json';
export const recordFileName = 'record.json';
export const historyDirectoryName = 'history';
export const dataDirectoryName = 'data';
export const nodeDirectoryName = 'nodes';
/** Of a comparison: a run folder per cell. */
export const cellsDirectoryName = 'cells';

/** Whole or not at all. Throws a HarnessError `environment` and leaves what was there. */
export function writeFacts(directory: string, facts: RunFacts): void {
  const file = join(directory, factsFileName);
  try {
    writeFileSync(`${file}.new`, `${JSON.stringify(facts, null, 2)}\n`);
    renameSync(`${file}.new`, file);
  } catch (cause) {
    rmSync(`${file}.new`, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HarnessError(
      'environment',
      `cannot write ${file}: ${reason}; make room there or choose another folder with --out`,
      { cause },
    );
  }
}

export function readFacts(directory: string): RunFacts {
  return readJson(join(directory, factsFileName), [
    'environment',
    'exposures',
    'problems',
  ]) as RunFacts;
}

export function readPlan(directory: string): Plan {
  const parts = ['scenario', 'phases', 'producers', 'consumers', 'faults'];
  return readJson(join(directory, planFileName), parts) as Plan;
}

/** `parts`: of its fields those that are objects or lists. */
function readJson(file: string, parts: readonly string[]): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new HarnessError('record', `${file} cannot be read: is its folder that of a run?`, {
      cause,
    });
  }
  let value: Readonly<Record<string, unknown>>;
  try {
    value = (JSON.parse(text) ?? {}) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new HarnessError('record', `${file} is not JSON`, { cause });
  }
  if (value.version !== 1) {
    throw new HarnessError(
      'record',
      `${file} has version ${String(value.version)}; this Ackworth reads version 1`,
    );
  }
  const lacking = parts.find((part) => typeof value[part] !== 'object' || value[part] === null);
  if (lacking === undefined) return value;
  throw new HarnessError('record', `${file} is damaged: it has no "${lacking}"`);
}
