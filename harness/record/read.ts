import { readFile } from 'node:fs/promises';
import { HarnessError } from '../errors.ts';
import { recordSchema, recordSchemaId, type RunRecord } from './record.ts';

/**
 * Reads and validates a record. Rejects with a HarnessError `record` whose message is one sentence:
 * the file, what is wrong with it, and what to do.
 */
export async function readRecord(file: string): Promise<RunRecord> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw refuse(
      file,
      missing ? 'it does not exist; name a run folder or its record.json' : 'it cannot be read',
      error,
    );
  }
  return parseRecord(text, file);
}

/** As `readRecord`, for text at hand; `file` only names it in the message. */
export function parseRecord(text: string, file: string): RunRecord {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    const what = text.trim() === '' ? 'it is empty' : 'it is not JSON, or was cut short';
    throw refuse(file, `${what}; judge the run again with \`ackworth check\``, error);
  }
  const schema = schemaOf(data);
  if (schema === undefined) {
    throw refuse(file, `it is not a run record (no "schema": "${recordSchemaId}")`);
  }
  if (schema !== recordSchemaId) throw refuse(file, whyForeign(schema));
  const parsed = recordSchema.safeParse(data);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue === undefined ? '' : issue.path.map(String).join('.');
  const others = parsed.error.issues.length - 1;
  const where = path === '' ? '' : ` at ${path}`;
  const more = others > 0 ? ` (and ${others} more)` : '';
  throw refuse(file, `it is damaged${where}: ${issue?.message ?? 'invalid'}${more}`, parsed.error);
}

function schemaOf(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null || !('schema' in data)) return undefined;
  return typeof data.schema === 'string' ? data.schema : undefined;
}

function whyForeign(schema: string): string {
  const given = /^ackworth\/record@(\d+)$/.exec(schema);
  const own = /@(\d+)$/.exec(recordSchemaId);
  if (given && own && Number(given[1]) > Number(own[1])) {
    return `it was written by a newer Ackworth (${schema}, this one reads ${recordSchemaId}); update Ackworth`;
  }
  return `its schema is ${JSON.stringify(schema.slice(0, 80))}, and this Ackworth reads ${recordSchemaId}`;
}

function refuse(file: string, why: string, cause?: unknown): HarnessError {
  return new HarnessError('record', `Cannot use ${file} as a run record: ${why}.`, { cause });
}
