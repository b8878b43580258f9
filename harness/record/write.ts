import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { z } from 'zod';
import { HarnessError } from '../errors.ts';
import { recordSchema, type RunRecord } from './record.ts';
import { suiteSchema, type SuiteRecord } from './suite.ts';

/**
 * Writes a record so that a reader sees the whole of it or none of it, also after a power cut:
 * validated, written beside its place, synced, renamed, the folder synced. Replaces an older one.
 * Rejects with a HarnessError `record` and leaves what was there.
 */
export function writeRecord(file: string, record: RunRecord): Promise<void> {
  return writeDocument(file, recordSchema, record, `record of run ${record.id}`);
}

/** As `writeRecord`, for the record of a suite. */
export function writeSuite(file: string, suite: SuiteRecord): Promise<void> {
  return writeDocument(file, suiteSchema, suite, `record of suite ${suite.id}`);
}

async function writeDocument<T>(
  file: string,
  schema: z.ZodType<T>,
  document: T,
  name: string,
): Promise<void> {
  const parsed = schema.safeParse(document);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new HarnessError(
      'record',
      `The ${name} is not valid at ${issue?.path.join('.')}: ${issue?.message}.`,
      { cause: parsed.error },
    );
  }
  const beside = `${file}.${randomUUID()}.tmp`;
  try {
    const handle = await open(beside, 'wx');
    try {
      await handle.writeFile(`${JSON.stringify(document)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
    await syncFolder(dirname(file));
  } catch (error) {
    await rm(beside, { force: true });
    const why = error instanceof Error ? error.message : String(error);
    throw new HarnessError(
      'record',
      `Could not write the record ${file}: ${why}; once it can be written, judge the run again ` +
        'with `ackworth check`.',
      { cause: error },
    );
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
