import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StorageForm } from '../cluster/node-storage.ts';
import { loopsBelow } from '../file-system/mount-table.ts';
import { whatIsMissing } from '../file-system/trial.ts';
import { probeEnvironment } from '../measure/probes.ts';
import { runScenario } from '../run/run.ts';
import { parseScenario } from '../scenario/parse.ts';
import { vocabulary } from '../vocabulary.ts';

/** Once, and not around each run. */
const probe = await probeEnvironment(tmpdir());

let output: string;

beforeEach(() => {
  output = mkdtempSync(join(tmpdir(), 'ackworth-disk-faults-'));
});

afterEach(() => {
  expect(loopsBelow(output)).toEqual([]);
  rmSync(output, { recursive: true, force: true });
});

interface Struck {
  readonly fault: string;
  readonly target: string;
  readonly with?: object;
}

/** These faults under load, each for 3 s and 7 s after the one before, on three nodes. */
async function run(form: StorageForm, struck: readonly Struck[], topic: object = {}) {
  const scenario = {
    name: 'struck',
    question: 'Is every acked message there whatever the disks do?',
    warmUp: '1s',
    storage: { form, size: '320MiB' },
    topic: { partitions: 1, segmentSize: '256KiB', ...topic },
    workload: { rate: 300, size: 500, lingerMs: 20 },
    phases: [
      {
        name: 'struck',
        // Whoever is back last catches up, and then serves for five seconds.
        duration: `${7 + struck.length * 7}s`,
        faults: struck.map((one, index) => ({ ...one, at: `${2 + index * 7}s`, for: '3s' })),
      },
    ],
  };
  const { directory, record } = await runScenario({
    scenario: parseScenario(scenario, 'struck', vocabulary()),
    seed: 7,
    target: 'reference',
    cluster: 'process',
    outputDirectory: output,
    probe,
    keepData: false,
    command: 'ackworth run struck --seed 7',
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  expect(record.cluster).toMatchObject({ storage: form });
  expect(readdirSync(directory)).not.toContain('data');
  return record;
}

/** Of each fault: how it was proven and what that rests on. */
function proofs({ faults }: Awaited<ReturnType<typeof run>>) {
  return faults.map(({ kind, proof }) => ({ kind, ...proof }));
}

const confirmed = { injected: 'confirmed', healed: 'confirmed' };
const lossless = { accounting: { lost: 0, corrupted: 0 }, verdict: 'pass' };
const saying = (text: RegExp): string => expect.stringMatching(text) as string;

const onDisks: readonly Struck[] = [
  { fault: 'disk-full', target: 'leader' },
  { fault: 'sync-error', target: 'leader' },
];

const forms = [
  ['ext4', await whatIsMissing('ext4', tmpdir())],
  ['xfs', await whatIsMissing('xfs', tmpdir())],
] as const;

for (const [form, missing] of forms) {
  const why = missing === undefined ? '' : ` (skipped: ${missing})`;
  describe.skipIf(missing !== undefined)(`on an ${form} of each node${why}`, () => {
    test('a full disk and failing syncs are proven, healed, and cost nothing that was acked', async () => {
      const record = await run(form, onDisks);
      expect(proofs(record)).toMatchObject([
        {
          kind: 'disk-full',
          ...confirmed,
          injectedEvidence: saying(
            new RegExp(`the ${form} of node \\d refused a write \\(ENOSPC\\)`),
          ),
          healedEvidence: saying(/took a write; .*answers/),
        },
        {
          kind: 'sync-error',
          ...confirmed,
          injectedEvidence: saying(/refused a write \(EIO\); node \d says ".*EIO/),
          healedEvidence: saying(/took a write; .*answers/),
        },
      ]);
      expect(record, record.reasons.join('\n')).toMatchObject(lossless);
    });
  });
}

describe('on emulated disks', () => {
  test('a full disk, failing syncs and slowness are proven, healed, and cost nothing', async () => {
    // A timer may fire up to a millisecond early.
    const slow = { fault: 'slow-disk', target: 'follower', with: { delayMs: 30 } };
    const record = await run('emulated', [...onDisks, slow]);
    expect(proofs(record)).toMatchObject([
      {
        kind: 'disk-full',
        ...confirmed,
        injectedEvidence: saying(/refused [\d,]+ writes? \(emulated\)/),
      },
      {
        kind: 'sync-error',
        ...confirmed,
        injectedEvidence: saying(
          /^1 sync of node \d failed \(emulated\); node \d says "partition struck\/0 stopped/,
        ),
        healedEvidence: saying(/came back without [\d,]+ bytes? that no sync had covered/),
      },
      {
        kind: 'slow-disk',
        ...confirmed,
        injectedEvidence: saying(/took (29|[3-9]\d|\d{3,})\.\d ms longer \(emulated\)/),
      },
    ]);
    expect(record, record.reasons.join('\n')).toMatchObject(lossless);
  });

  test('a sync that is to fail and never comes is no fault that acted', async () => {
    const record = await run('emulated', [{ fault: 'sync-error', target: 'follower' }], {
      flush: 'os',
      segmentSize: '16MiB',
    });
    expect(proofs(record)).toMatchObject([
      {
        injected: 'mismatch',
        injectedEvidence: saying(/no sync of node \d failed within 5000 ms/),
      },
    ]);
    expect(record.verdict).toBe('inconclusive');
  });
});

describe('on files of whatever storage', () => {
  const damage: readonly Struck[] = [
    { fault: 'bit-flip', target: 'follower', with: { in: 'older', bits: 4 } },
    { fault: 'missing-file', target: 'follower' },
  ];

  test.each(['plain', 'emulated'] as const)(
    'damage is refused or mended, put back, and never handed out: %s',
    async (form) => {
      // Two seconds of load are to be several segments, also where it is slow to begin.
      const record = await run(form, damage, { segmentSize: '64KiB' });
      expect(proofs(record)).toMatchObject([
        {
          kind: 'bit-flip',
          ...confirmed,
          injectedEvidence: saying(
            /^4 bits of group-\d+\/\d+\.log flipped.*refused to read on: ".*damaged at byte/,
          ),
          healedEvidence: saying(/^what was damaged was put back; .*all as they were written/),
        },
        {
          kind: 'missing-file',
          ...confirmed,
          injectedEvidence: saying(/was taken away; node \d refused to run: ".*\.log is missing/),
          healedEvidence: saying(/^what was damaged was put back; .*all as they were written/),
        },
      ]);
      expect(record, record.reasons.join('\n')).toMatchObject(lossless);
    },
  );

  test.each(['plain', 'emulated'] as const)(
    'an end that was synced and is gone is missed, and got back from the others: %s',
    async (form) => {
      // More than a second of load, in one segment: no single sync was to cover all of it.
      const torn = { fault: 'torn-tail', target: 'leader', with: { bytes: 262_144 } };
      const record = await run(form, [torn], { segmentSize: '16MiB' });
      expect(proofs(record)).toMatchObject([
        {
          kind: 'torn-tail',
          ...confirmed,
          injectedEvidence: saying(
            /^262,144 bytes of .* were cut off.*goes on without it.*until it has caught up/,
          ),
          healedEvidence: saying(/^there was nothing to put back/),
        },
      ]);
      expect(record, record.reasons.join('\n')).toMatchObject(lossless);
    },
  );
});
