import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { findLeftovers } from '../clean/clean.ts';
import { HarnessError } from '../errors.ts';
import { makeDirectory } from '../run/make-directory.ts';
import { cellsDirectoryName } from '../run/run-facts.ts';
import { newRunId, pointLatest } from '../run/run-folder.ts';
import { canonicalJson } from '../scenario/canonical-json.ts';
import { gridVersion, type Grid } from './grid.ts';

export const suiteFileName = 'suite.json';
const gridFileName = 'grid.json';

export interface SuiteFolder {
  readonly id: string;
  /** Absolute. */
  readonly directory: string;
}

/** Makes `<output>/<suite-id>/` with the grid in it, and points `<output>/latest` at it. */
export function createSuiteFolder(output: string, grid: Grid, startedAt: Date): SuiteFolder {
  const id = newRunId(`compare-${grid.scenario.name}`, startedAt);
  const directory = resolve(output, id);
  try {
    makeDirectory(join(directory, cellsDirectoryName));
    writeFileSync(join(directory, gridFileName), canonicalJson(grid));
    pointLatest(output, id);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HarnessError('environment', `cannot write the folder ${directory}: ${reason}`, {
      cause,
    });
  }
  return { id, directory };
}

/**
 * The grid of a comparison that was begun, in its own folder: `latest` may be another one soon.
 * Throws a HarnessError `usage`.
 */
export async function openSuiteFolder(
  given: string,
): Promise<SuiteFolder & { readonly grid: Grid }> {
  const directory = existsSync(given) ? realpathSync(given) : resolve(given);
  const file = join(directory, gridFileName);
  const refuse = (why: string): HarnessError =>
    new HarnessError('usage', `cannot go on with ${given}: ${why}`);
  if (!existsSync(file)) throw refuse(`it holds no comparison (there is no ${gridFileName})`);
  let grid: Grid;
  try {
    grid = JSON.parse(readFileSync(file, 'utf8')) as Grid;
  } catch {
    throw refuse(`its ${gridFileName} is damaged`);
  }
  const known = typeof grid === 'object' && grid !== null ? grid : undefined;
  if (known?.version !== gridVersion) {
    const version = String(known?.version);
    throw refuse(`its ${gridFileName} has version ${version}, this Ackworth reads ${gridVersion}`);
  }
  if (!Array.isArray(grid.cells) || !Array.isArray(grid.modes) || !grid.scenario)
    throw refuse(`its ${gridFileName} is damaged`);
  const leftovers = await findLeftovers(join(directory, cellsDirectoryName));
  const busy = leftovers.find(({ running }) => running);
  if (busy !== undefined) throw refuse(`it still goes on (cell ${busy.run})`);
  return { id: basename(directory), directory, grid };
}

/** The folder of a cell's run, free of what an earlier one left. */
export function emptyCellFolder({ directory }: SuiteFolder, cell: string): string {
  const folder = join(directory, cellsDirectoryName, cell);
  rmSync(folder, { recursive: true, force: true });
  return folder;
}

/** From the suite's folder. */
export function cellRecordPath(cell: string): string {
  return `${cellsDirectoryName}/${cell}/record.json`;
}
