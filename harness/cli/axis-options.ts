import { InvalidArgumentError, Option } from 'commander';
import { didYouMean } from '../scenario/nearest.ts';
import { byteSize, messageRate } from '../scenario/schema.ts';

type Parse<T> = (text: string) => T;

/** An option that may be given several times, or once with commas; the values keep their order. */
export function axisOption<T>(flags: string, description: string, parse: Parse<T>): Option {
  return new Option(flags, `${description}; repeatable, or with commas`)
    .default([] as T[], 'the scenario’s own')
    .argParser<T[]>((text, before) => {
      const values = text.split(',').map((part) => parse(part.trim()));
      return [...new Set([...before, ...values])];
    });
}

export function oneOf<T extends string>(choices: readonly T[]): Parse<T> {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    const hint = didYouMean(text, choices) || `; there are ${choices.join(', ')}.`;
    throw new InvalidArgumentError(`"${text}" is not one of its values${hint}`);
  };
}

export function wholeNumber(text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new InvalidArgumentError(`"${text}" is not a whole number.`);
}

export function countFrom1(text: string): number {
  const value = wholeNumber(text);
  if (value >= 1 && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError(`"${text}" is not a whole number from 1.`);
}

export function rate(text: string): number {
  const value = Number(text);
  if (text !== '' && messageRate.safeParse(value).success) return value;
  throw new InvalidArgumentError(`"${text}" is not a number above 0 and up to 10,000,000.`);
}

export function size(text: string): number {
  const parsed = byteSize.safeParse(/^\d+$/.test(text) ? Number(text) : text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`"${text}" is not a size such as 4096, 16KiB.`);
}
