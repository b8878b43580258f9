import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { HarnessError } from '../errors.ts';
import { recordSchema, recordSchemaId, type RunRecord } from './record.ts';
import { suiteSchema, suiteSchemaId, type SuiteRecord } from './suite.ts';

/** A kind of document that is read by its schema. */
interface Kind<T> {
  readonly schema: z.ZodType<T>;
  readonly id: string;
  readonly name: string;
  readonly whenMissing: string;
  readonly whenTorn: string;
}

const runRecord: Kind<RunRecord> = {
  schema: recordSchema,
  id: recordSchemaId,
  name: 'run record',
  whenMissing: 'name a run folder or its record.json',
  whenTorn: 'judge the run again with `ackworth check`',
};
const suiteRecord: Kind<SuiteRecord> = {
  schema: suiteSchema,
  id: suiteSchemaId,
  name: 'suite record',
  whenMissing: 'name the folder of a comparison or its suite.json',
  whenTorn: 'remove it and run its cells again with `ackworth compare --resume`',
};

/**
 * Reads and validates a record. Rejects with a HarnessError `record` whose message is one sentence:
 * the file, what is wrong with it, and what to do.
 */
export function readRecord(file: string): Promise<RunRecord> {
  return readDocument(file, runRecord);
}

/** As `readRecord`, for the record of a suite. */
export function readSuite(file: string): Promise<SuiteRecord> {
  return readDocument(file, suiteRecord);
}

/** As `readRecord`, for text at hand; `file` only names it in the message. */
export function parseRecord(text: string, file: string): RunRecord {
  return parseDocument(text, file, runRecord);
}

async function readDocument<T>(file: string, kind: Kind<T>): Promise<T> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = missing ? `it does not exist; ${kind.whenMissing}` : 'it cannot be read';
    throw refuse(file, kind, why, error);
  }
  return parseDocument(text, file, kind);
}

function parseDocument<T>(text: string, file: string, kind: Kind<T>): T {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    const what = text.trim() === '' ? 'it is empty' : 'it is not JSON, or was cut short';
    throw refuse(file, kind, `${what}; ${kind.whenTorn}`, error);
  }
  const schema = schemaOf(data);
  if (schema === undefined) {
    throw refuse(file, kind, `it is not a ${kind.name} (no "schema": "${kind.id}")`);
  }
  if (schema !== kind.id) throw refuse(file, kind, whyForeign(schema, kind.id));
  const parsed = kind.schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const foreign = unknownFields(parsed.error.issues);
  if (foreign !== undefined) throw refuse(file, kind, foreign, parsed.error);
  const path = issue === undefined ? '' : issue.path.map(String).join('.');
  const others = parsed.error.issues.length - 1;
  const where = path === '' ? '' : ` at ${path}`;
  const more = others > 0 ? ` (and ${others} more)` : '';
  const why = `it is damaged${where}: ${issue?.message ?? 'invalid'}${more}`;
  throw refuse(file, kind, why, parsed.error);
}

/** Nothing is wrong with what is there, but this Ackworth does not know all of it. */
function unknownFields(issues: readonly z.core.$ZodIssue[]): string | undefined {
  const names: string[] = [];
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') return undefined;
    names.push(...issue.keys.map((key) => [...issue.path.map(String), key].join('.')));
  }
  return `it has fields that this Ackworth does not know (${names.slice(0, 3).join(', ')}); update it`;
}

function schemaOf(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null || !('schema' in data)) return undefined;
  return typeof data.schema === 'string' ? data.schema : undefined;
}

function whyForeign(schema: string, ownId: string): string {
  const family = ownId.replace(/@\d+$/, '@');
  const given = schema.startsWith(family) ? Number(schema.slice(family.length)) : Number.NaN;
  if (given > Number(ownId.slice(family.length))) {
    return `it was written by a newer Ackworth (${schema}, this one reads ${ownId}); update Ackworth`;
  }
  return `its schema is ${JSON.stringify(schema.slice(0, 80))}, and this Ackworth reads ${ownId}`;
}

function refuse<T>(file: string, { name }: Kind<T>, why: string, cause?: unknown): HarnessError {
  return new HarnessError('record', `Cannot use ${file} as a ${name}: ${why}.`, { cause });
}
