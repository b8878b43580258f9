import { BrokerError } from '../errors.ts';

/** The fields of a JSON object that a client sent; each missing or wrong one is one sentence. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: unknown, what = 'the body') {
    if (typeof values !== 'object' || values === null || Array.isArray(values)) {
      throw wrong(`${what} is not a JSON object`);
    }
    this.#values = values as Record<string, unknown>;
  }

  static parse(body: Buffer): Fields {
    let values: unknown;
    try {
      values = JSON.parse(body.toString('utf8'));
    } catch (cause) {
      throw wrong('the body is not JSON', cause);
    }
    return new Fields(values);
  }

  string(name: string): string {
    const value = this.#values[name];
    if (typeof value !== 'string') throw wrong(`"${name}" must be a string`);
    return value;
  }

  optionalString(name: string): string | undefined {
    return this.#values[name] === undefined ? undefined : this.string(name);
  }

  /** 0 to 2^53 - 1. */
  integer(name: string, fallback?: number): number {
    const value = this.#values[name] ?? fallback;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw wrong(`"${name}" must be a whole number of 0 or more`);
    }
    return value;
  }

  choice<const Choice extends string>(
    name: string,
    choices: readonly Choice[],
    fallback: Choice,
  ): Choice {
    const value = this.#values[name] ?? fallback;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw wrong(`"${name}" must be one of ${choices.join(', ')}`);
    return found;
  }

  list(name: string): readonly unknown[] {
    const value = this.#values[name];
    if (!Array.isArray(value)) throw wrong(`"${name}" must be a list`);
    return value;
  }
}

function wrong(what: string, cause?: unknown): BrokerError {
  return new BrokerError('invalid-request', what, { cause });
}
