import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HarnessError } from '../errors.ts';
import type { RunRecord } from '../record/record.ts';
import { isAlive } from '../supervisor/process-table.ts';
import { stateFileName, type SupervisorState } from '../supervisor/protocol.ts';
import { judgeRun } from './judge-run.ts';

/**
 * Judges a run again from its folder alone, also one whose harness was killed, and writes its
 * record anew. Throws a HarnessError: `usage` when there is no such folder or the run still goes
 * on, `history` when its history is damaged.
 */
export async function rejudge(directory: string): Promise<RunRecord> {
  if (!existsSync(directory)) throw new HarnessError('usage', `${directory} does not exist`);
  if (!statSync(directory).isDirectory())
    throw new HarnessError('usage', `${directory} is a file; name the folder of a run`);
  const folder = realpathSync(directory);
  const state = stateIn(folder);
  if (state !== undefined && isAlive(state.harness) && state.children.some(isAlive)) {
    const { pid } = state.harness;
    throw new HarnessError('usage', `the run in ${directory} still goes on (process ${pid})`);
  }
  return judgeRun(folder);
}

/** Undefined where there is none, or the machine lost its power as it was written: nothing lives. */
function stateIn(folder: string): SupervisorState | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, stateFileName), 'utf8')) as SupervisorState;
  } catch {
    return undefined;
  }
}
