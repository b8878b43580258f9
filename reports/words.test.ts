import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../harness/record/record.ts';
import * as records from './testing/records.ts';
import { accountingRows } from './accounting.ts';
import { brief, headlineOf, limitBound, limitName } from './words.ts';

function plain(record: RunRecord): {
  word: string;
  sentence: string;
  evidence: string;
  doubts: readonly string[];
  bound: string;
} {
  const { word, sentence, evidence, doubts, bound } = headlineOf(record);
  const flat = (text: string): string => text.replaceAll('\u00a0', ' ');
  return {
    word,
    sentence: flat(sentence),
    evidence: flat(evidence.join(' ')),
    doubts,
    bound: flat(bound ?? ''),
  };
}

describe('the verdict in words', () => {
  test('a pass says what was not lost, out of how many, under which proven faults', () => {
    expect(plain(records.passWithTwoFaults())).toEqual({
      word: 'PASS',
      sentence: 'No acked message was lost.',
      evidence:
        '285,000 messages acked of 285,000 sent; every acked one was found in the final read. ' +
        '2 faults confirmed: kill of node 2 (leader) at 20.0 s, served again after 1.31 s; ' +
        'kill of consumer 1 at 41.0 s, served again after 3.24 s.',
      doubts: [],
      bound:
        'How far that goes: with 95 % confidence, the chance to lose is at most 95 % for kill of leader (1 trial).',
    });
  });

  test('a loss is named first, then what else does not hold', () => {
    const { word, sentence, bound } = plain(records.failWithLostMessages());
    expect(`${word} ${sentence}`).toBe(
      'FAIL 1,204 of 375,348 acked messages were lost. Also violated: limit on response p99.',
    );
    expect(bound).toBe('');
  });

  test('a loss that the mode may have is told as that, and is no violation', () => {
    const record = records.failWithLostMessages();
    const verdicts = record.verdicts.map((verdict) => ({ ...verdict, verdict: 'valid' as const }));
    const allowed = { ...record, verdicts, limits: [], verdict: 'pass' as const, reasons: [] };
    expect(plain(allowed).sentence).toBe(
      '1,204 of 375,348 acked messages were lost, no more than flush async × replication async allows.',
    );
    expect(plain({ ...allowed, verdict: 'inconclusive' }).sentence).toBe(
      '1,204 of 375,348 acked messages were lost, no more than flush async × replication async allows, ' +
        'but the run does not answer all that was asked.',
    );
    expect(accountingRows(allowed).find(({ name }) => name === 'lost')).toMatchObject({
      figure: '1,204',
      harm: false,
    });
  });

  test('what was passed over is told beside it, and is no violation either', () => {
    const record = records.failWithLostMessages();
    const passing = (passedOver: number) => ({
      ...record,
      accounting: { ...record.accounting, passedOver },
    });
    const told =
      '260 messages in the log were passed over: never given to a group that had been given at ' +
      'their positions what a fault took, as this mode allows.';
    expect(plain(passing(260)).evidence).toContain(told);
    expect(plain(passing(0)).evidence).not.toContain('passed over');
    const row = accountingRows(passing(260)).find(({ name }) => name === 'passed over');
    expect(row).toMatchObject({ figure: '260', harm: false });
  });

  test('a loss of which nobody knows whether it is allowed says so', () => {
    const record = records.failWithLostMessages();
    const verdicts = record.verdicts.map((verdict) => ({
      ...verdict,
      verdict: 'unknown' as const,
    }));
    expect(plain({ ...record, verdicts, limits: [], verdict: 'inconclusive' }).sentence).toBe(
      '1,204 of 375,348 acked messages were lost. Whether that is allowed is not known.',
    );
  });

  test('the bounds are those that the judge computed, with what they rest on', () => {
    const record = records.passWithTwoFaults();
    const kill = record.lossBounds[0]!;
    const pause = { ...kill, fault: 'pause of leader', faults: 3, trials: 2, chanceMax: 0.7764 };
    expect(plain({ ...record, lossBounds: [kill, pause] }).bound).toBe(
      'How far that goes: with 95 % confidence, the chance to lose is at most 95 % for kill of leader (1 trial) ' +
        'and 78 % for pause of leader (2 trials).',
    );
    expect(plain({ ...record, lossBounds: [] }).bound).toContain('nothing was at risk');
    expect(plain({ ...record, faults: [record.faults[1]!] }).bound).toContain(
      'no fault hit a node',
    );
  });

  test('reasons become sentences', () => {
    const record = {
      ...records.inconclusiveSaturated(),
      reasons: ['drain: 3 messages were left', 'Done.'],
    };
    expect(plain(record).doubts.slice(0, 2)).toEqual(['Drain: 3 messages were left.', 'Done.']);
  });

  test('one lost message is one', () => {
    const record = records.failWithLostMessages();
    const { sentence } = plain({
      ...record,
      limits: [],
      accounting: { ...record.accounting, lost: 1 },
    });
    expect(sentence).toBe('1 of 375,348 acked messages was lost.');
  });

  test('a pass without a valid check of loss claims nothing about loss', () => {
    const record = records.passWithTwoFaults();
    const without = {
      ...record,
      verdicts: record.verdicts.filter(({ check }) => check !== 'lost'),
    };
    expect(plain(without).sentence).toBe('Every check that could be made holds.');
    expect(plain(without).evidence).not.toContain('found in the final read');
    expect(plain(without).bound).toBe('');
  });

  test('an unknown loss is never told as none', () => {
    const record = records.passWithTwoFaults();
    const verdicts = record.verdicts.map((verdict) => ({
      ...verdict,
      verdict: 'unknown' as const,
    }));
    const { sentence } = plain({
      ...record,
      verdicts,
      verdict: 'inconclusive',
      reasons: ['No full drain.'],
    });
    expect(sentence).toBe('No loss was seen, but none is ruled out.');
  });

  test('an inconclusive run gives its reasons, each once', () => {
    const record = records.inconclusiveSaturated();
    const { sentence, doubts } = plain({
      ...record,
      reasons: [...record.reasons, ...record.validity.reasons],
    });
    expect(sentence).toBe(
      'No acked message was lost, but the run does not answer all that was asked.',
    );
    expect(doubts).toEqual([...record.reasons, ...record.validity.reasons]);
  });

  test('nothing acked, nothing sent: said so', () => {
    expect(plain(records.zeroAcked())).toMatchObject({
      sentence: 'Nothing was acked, so there is nothing to judge.',
      evidence:
        'None of 60,000 sent messages was acked, 25,000 failed, 35,000 with unknown outcome. No fault was injected.',
    });
    expect(plain(records.nullEverything()).evidence).toBe(
      'Nothing was sent. No fault was injected.',
    );
  });

  test('faults that were not proven do not count', () => {
    const record = records.passWithTwoFaults();
    const faults = record.faults.map((fault) => ({
      ...fault,
      proof: { ...fault.proof, injected: 'inconclusive' as const },
    }));
    expect(plain({ ...record, faults }).evidence).toContain(
      'None of 2 faults was confirmed to have acted.',
    );
    expect(plain({ ...record, faults: [record.faults[0]!, faults[1]!] }).evidence).toContain(
      '1 of 2 faults confirmed:',
    );
    expect(plain({ ...record, faults }).bound).toContain('no fault hit a node');
  });

  test('many violations are counted, not all named', () => {
    const record = records.passWithTwoFaults();
    const verdicts = record.verdicts
      .slice(1, 7)
      .map((verdict) => ({ ...verdict, verdict: 'invalid' as const }));
    expect(plain({ ...record, verdicts, verdict: 'fail' }).sentence).toBe(
      'Violated: duplicate, order, undelivered and 3 more.',
    );
  });
});

test('limits have names in words and say which way they bound', () => {
  const limit = {
    name: 'ackedRateMin',
    limit: 5000,
    actual: 4990,
    unit: 'messages/s',
    verdict: 'invalid' as const,
    evidence: '',
  };
  expect(limitName(limit.name)).toBe('acked rate');
  expect(limitBound(limit)).toBe('at least 5,000/s');
  expect(limitBound({ ...limit, name: 'responseP99Ms', limit: 250, unit: 'ms' })).toBe(
    'at most 250\u00a0ms',
  );
  expect(limitName('something-new')).toBe('something-new');
});

test('the first screen shows as much of a long reason as it has room for', () => {
  expect(brief('Short.')).toBe('Short.');
  expect(brief('x'.repeat(500))).toBe(`${'x'.repeat(239)}…`);
});
