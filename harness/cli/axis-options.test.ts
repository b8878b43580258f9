import { Command, type CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { axisOption, countFrom1, oneOf, rate, size, wholeNumber } from './axis-options.ts';

function parsed(args: readonly string[]): Record<string, unknown> {
  const command = new Command('compare')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .addOption(axisOption('--flush <modes>', 'flush', oneOf(['sync', 'async', 'os'])))
    .addOption(axisOption('--batch <sizes>', 'batch', size))
    .addOption(axisOption('--in-flight <counts>', 'in flight', countFrom1))
    .addOption(axisOption('--rates <rates>', 'rates', rate));
  return command.parse(args, { from: 'user' }).opts();
}

function refusal(...args: string[]): string {
  try {
    parsed(args);
  } catch (error) {
    return (error as CommanderError).message;
  }
  throw new Error('it was accepted');
}

describe('an axis', () => {
  test('is empty when it is not given', () => {
    expect(parsed([])).toEqual({ flush: [], batch: [], inFlight: [], rates: [] });
  });

  test('takes values with commas, several times, each once, in their order', () => {
    const flags = parsed([
      '--flush',
      'os,sync',
      '--flush',
      'sync',
      '--flush=async',
      '--rates',
      '500, 1e3',
    ]);
    expect(flags['flush']).toEqual(['os', 'sync', 'async']);
    expect(flags['rates']).toEqual([500, 1000]);
  });

  test('takes sizes in bytes or with a unit', () => {
    expect(parsed(['--batch', '4096,16KiB'])['batch']).toEqual([4096, 16_384]);
  });

  test.each([
    [['--flush', 'synk'], '"synk" is not one of its values; did you mean "sync"?'],
    [['--flush', 'sync,'], '"" is not one of its values'],
    [['--batch', '4 apples'], '"4 apples" is not a size such as 4096, 16KiB.'],
    [['--batch', '0'], '"0" is not a size such as 4096, 16KiB.'],
    [['--in-flight', '0'], '"0" is not a whole number from 1.'],
    [['--in-flight', '1.5'], '"1.5" is not a whole number.'],
    [['--rates', '-5'], '"-5" is not a number above 0 and up to 10,000,000.'],
    [['--rates', '10000001'], '"10000001" is not a number above 0 and up to 10,000,000.'],
    [['--rates', ','], '"" is not a number above 0 and up to 10,000,000.'],
  ])('refuses %j in one sentence', (args, why) => {
    expect(refusal(...args)).toContain(why);
  });

  test('ends what it refuses with one mark', () => {
    expect(refusal('--flush', 'synk')).toMatch(/"sync"\?$/);
    expect(refusal('--flush', 'never')).toMatch(/sync, async, os\.$/);
  });
});

test('a whole number is one that can be told from its neighbours', () => {
  expect(wholeNumber('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => wholeNumber('9007199254740992')).toThrow(
    '"9007199254740992" is not a whole number.',
  );
});
