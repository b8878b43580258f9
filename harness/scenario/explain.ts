import type { z } from 'zod';
import { HarnessError } from '../errors.ts';
import { didYouMean } from './nearest.ts';

/** One wrong field: where, and what is wrong with it, ready to be put into a sentence. */
export interface Complaint {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

/** One sentence per complaint, one per line: "file: path text". */
export function complaintError(source: string, complaints: readonly Complaint[]): HarnessError {
  const lines = complaints.map(({ path, text }) => {
    const where = pathText(path);
    return where === '' ? `${source}: ${text}` : `${source}: ${where} ${text}`;
  });
  return new HarnessError('scenario', [...new Set(lines)].join('\n'));
}

/** `phases[1].faults[0].at` */
export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? String(step) : `.${String(step)}`;
  }
  return text;
}

/** Turns what zod found wrong with `input` into complaints a person can act on. */
export function explain(schema: z.ZodType, input: unknown, error: z.ZodError): Complaint[] {
  return error.issues.flatMap((issue) => explainIssue(schema, input, issue, []));
}

function knownFields(known: readonly string[]): string {
  return known.length === 0 ? '; there are none' : `; known are ${known.join(', ')}`;
}

type Issue = z.core.$ZodIssue;

function explainIssue(
  schema: z.ZodType,
  input: unknown,
  issue: Issue,
  prefix: readonly PropertyKey[],
): Complaint[] {
  const path = [...prefix, ...issue.path];
  const value = valueAt(input, path);
  const got = value === undefined ? '' : `, got ${quote(value)}`;
  const say = (text: string): Complaint[] => [{ path, text }];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = fieldsAt(schema, input, path);
      return issue.keys.map((key) => ({
        path: [...path, key],
        text: `is not a known field${didYouMean(key, known) || knownFields(known)}`,
      }));
    }
    case 'invalid_type': {
      const needed = neededText(issue);
      return say(value === undefined ? `is missing: it ${needed}` : `${needed}${got}`);
    }
    case 'invalid_value': {
      const allowed = issue.values.map(String);
      if (value === undefined) return say(`is missing: it must be one of ${allowed.join(', ')}`);
      return say(`must be one of ${allowed.join(', ')}${got}${didYouMean(String(value), allowed)}`);
    }
    case 'too_small':
      return say(`${tooSmall(issue)}${got}`);
    case 'too_big':
      return say(
        `${bound(issue.origin, Number(issue.maximum), issue.inclusive ? 'at most' : 'less than')}${got}`,
      );
    case 'invalid_union':
      return explainUnion(schema, input, issue, path, value);
    default:
      return say(
        issue.code === 'custom' ? customText(issue.message, got) : `${issue.message}${got}`,
      );
  }
}

function explainUnion(
  schema: z.ZodType,
  input: unknown,
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: readonly PropertyKey[],
  value: unknown,
): Complaint[] {
  if (issue.errors.length === 0) {
    const kinds = discriminatorsAt(schema, input, path.slice(0, -1));
    const allowed = kinds.length > 0 ? ` one of ${kinds.join(', ')}` : ' of a known kind';
    if (value === undefined) return [{ path, text: `is missing: it must be${allowed}` }];
    return [
      { path, text: `must be${allowed}, got ${quote(value)}${didYouMean(String(value), kinds)}` },
    ];
  }
  // The branch that accepted the value's own type says best what is wrong within it.
  const branch = issue.errors.find((issues) => {
    return !issues.some((inner) => inner.code === 'invalid_type' && inner.path.length === 0);
  });
  if (branch) return branch.flatMap((inner) => explainIssue(schema, input, inner, path));
  const kinds = issue.errors.flatMap((issues) =>
    issues.flatMap((inner) => (inner.code === 'invalid_type' ? [neededText(inner)] : [])),
  );
  const needed = [...new Set(kinds)].map((kind, index) =>
    index === 0 ? kind : kind.replace('must be ', ''),
  );
  return [{ path, text: `${needed.join(' or ')}, got ${quote(value)}` }];
}

/** A schema may say in its own words what it needs; otherwise zod's name of the type is used. */
function neededText(issue: Extract<Issue, { code: 'invalid_type' }>): string {
  return issue.message.startsWith('must') ? issue.message : `must be ${kindName(issue.expected)}`;
}

function customText(message: string, got: string): string {
  if (message.startsWith('must')) return `${message}${got}`;
  // The message already quotes what was given: `"5" is not a duration such as "30s"`.
  return `is wrong: ${message}`;
}

function tooSmall(issue: Extract<Issue, { code: 'too_small' }>): string {
  const minimum = Number(issue.minimum);
  if (issue.origin === 'string' && minimum === 1) return 'must not be empty';
  if (issue.origin === 'number' && minimum === 0) {
    return issue.inclusive ? 'must not be negative' : 'must be a positive number';
  }
  return bound(issue.origin, minimum, issue.inclusive ? 'at least' : 'more than');
}

function bound(origin: string, limit: number, word: string): string {
  if (origin === 'array') return `must have ${word} ${limit} item${limit === 1 ? '' : 's'}`;
  if (origin === 'string') return `must have ${word} ${limit} characters`;
  if (limit === Number.MAX_SAFE_INTEGER || limit === Number.MIN_SAFE_INTEGER) {
    return 'must be a safe whole number';
  }
  return `must be ${word} ${limit}`;
}

function kindName(expected: string): string {
  switch (expected) {
    case 'int':
      return 'a whole number';
    case 'string':
      return 'a text';
    case 'boolean':
      return 'true or false';
    case 'array':
    case 'tuple':
      return 'a list';
    case 'object':
    case 'record':
      return 'an object';
    default:
      return `a ${expected}`;
  }
}

function quote(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'function') return 'a function';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const step of path) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

/** The part of zod's own description of a schema that is needed to name the fields at a path. */
interface Shape {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly element?: z.ZodType;
  readonly shape?: Record<string, z.ZodType>;
  readonly options?: readonly z.ZodType[];
  readonly discriminator?: string;
}

function shapeOf(schema: z.ZodType): Shape {
  const shape = schema._zod.def as unknown as Shape;
  if (shape.innerType) return shapeOf(shape.innerType);
  if (shape.type === 'pipe' && shape.in) return shapeOf(shape.in);
  return shape;
}

function shapeAt(
  schema: z.ZodType,
  input: unknown,
  path: readonly PropertyKey[],
): Shape | undefined {
  let shape = shapeOf(schema);
  for (const step of path) {
    const next = typeof step === 'number' ? shape.element : shape.shape?.[String(step)];
    if (!next) return undefined;
    shape = shapeOf(next);
  }
  const kind = shape.discriminator && valueAt(input, [...path, shape.discriminator]);
  const option = shape.options?.find((candidate) =>
    literalsOf(candidate, shape).includes(String(kind)),
  );
  return option ? shapeOf(option) : shape;
}

function fieldsAt(schema: z.ZodType, input: unknown, path: readonly PropertyKey[]): string[] {
  return Object.keys(shapeAt(schema, input, path)?.shape ?? {});
}

function discriminatorsAt(
  schema: z.ZodType,
  input: unknown,
  path: readonly PropertyKey[],
): string[] {
  const shape = shapeAt(schema, input, path);
  return shape?.options?.flatMap((option) => literalsOf(option, shape)) ?? [];
}

function literalsOf(option: z.ZodType, union: Shape): string[] {
  const field =
    union.discriminator === undefined ? undefined : shapeOf(option).shape?.[union.discriminator];
  const values =
    field && (field._zod.def as unknown as { readonly values?: readonly unknown[] }).values;
  return values?.map(String) ?? [];
}
