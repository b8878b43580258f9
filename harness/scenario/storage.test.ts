import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { withOverrides } from './overrides.ts';
import { parseScenario } from './parse.ts';
import { allowedStorage, type FaultWord, type Vocabulary } from './semantics.ts';

const word = (kind: string, storage?: NonNullable<FaultWord['needs']>['storage']): FaultWord => ({
  kind,
  targets: ['node'],
  heals: true,
  options: z.strictObject({}),
  ...(storage === undefined ? {} : { needs: { storage } }),
});

const vocabulary: Vocabulary = {
  faults: [
    word('kill'),
    word('power-cut', ['emulated', 'ext4', 'xfs']),
    word('slow-disk', ['emulated']),
    word('full', ['ext4', 'xfs']),
  ],
  checks: [],
};

const parse = (storage: object, ...faults: string[]) =>
  parseScenario(
    {
      name: 'mine',
      question: 'Does it hold?',
      storage,
      phases: [
        {
          name: 'one',
          duration: '10s',
          faults: faults.map((fault) => ({ fault, target: 'leader', at: '1s', for: '1s' })),
        },
      ],
    },
    'mine',
    vocabulary,
  );

describe('the storage of a scenario', () => {
  test('is left to the machine, 512 MiB for each node', () => {
    expect(parse({}).storage).toEqual({ form: 'auto', size: 512 * 1024 ** 2 });
    expect(parse({ form: 'xfs', size: '1GiB' }).storage).toEqual({ form: 'xfs', size: 1024 ** 3 });
  });

  test('may be what all of its faults can act on', () => {
    expect(allowedStorage(parse({}, 'kill'), vocabulary)).toEqual([
      'plain',
      'emulated',
      'ext4',
      'xfs',
    ]);
    expect(allowedStorage(parse({}, 'power-cut', 'slow-disk'), vocabulary)).toEqual(['emulated']);
  });

  test('is refused where a fault cannot act on it', () => {
    expect(() => parse({ form: 'plain' }, 'kill', 'power-cut')).toThrow(
      'mine: storage.form is "plain", and "power-cut" can act only on emulated, ext4, xfs',
    );
    expect(() => parse({}, 'slow-disk', 'full')).toThrow(
      'mine: storage.form cannot be chosen: its faults need different forms',
    );
    expect(() => parse({ form: 'tape' })).toThrow('mine: storage.form');
  });

  test('can be overridden, and is checked again', () => {
    const scenario = parse({}, 'power-cut');
    expect(withOverrides(scenario, { storage: 'emulated' }, vocabulary).storage.form).toBe(
      'emulated',
    );
    expect(() => withOverrides(scenario, { storage: 'plain' }, vocabulary)).toThrow(
      'can act only on',
    );
  });

  test('too small for its file system is refused', () => {
    expect(() => parse({ size: '1MiB' })).toThrow('storage.size');
    expect(() => parse({ form: 'xfs', size: '64MiB' })).toThrow('storage.size');
  });
});
