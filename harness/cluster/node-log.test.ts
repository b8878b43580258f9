import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { referenceProgram } from '../driver/reference/program.ts';
import { NodeLog } from './node-log.ts';

const { complaintOf } = referenceProgram();

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ackworth-log-'));
  file = join(folder, 'node-1.log');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const say = (...lines: string[]): void => appendFileSync(file, `${lines.join('\n')}\n`);

describe('the log of a node', () => {
  test('has what it complains about: warnings, errors and why it ended, in its own words', () => {
    const log = new NodeLog(file, complaintOf);
    log.beginLife();
    say(
      '{"level":30,"msg":"node 1 listens"}',
      '{"level":40,"msg":"no connection to node 2"}',
      '{"level":50,"msg":"partition orders/0 stopped"}',
      '{"level":50, cut off',
      'corrupt-log: group-7/1.log is damaged at byte 9',
    );
    expect(log.complaints()).toEqual([
      'no connection to node 2',
      'partition orders/0 stopped',
      'corrupt-log: group-7/1.log is damaged at byte 9',
    ]);
    expect(log.lastWords()).toBe('corrupt-log: group-7/1.log is damaged at byte 9');
  });

  test('says nothing of an earlier life', () => {
    const log = new NodeLog(file, complaintOf);
    log.beginLife();
    say('unavailable: the address is in use');
    log.beginLife();
    expect(log.complaints()).toEqual([]);
    expect(log.lastWords()).toBe('');
    say('{"level":30,"msg":"node 1 listens"}');
    expect(log.complaints()).toEqual([]);
    expect(log.lastWords()).toContain('node 1 listens');
  });

  test('is empty where there is none', () => {
    const log = new NodeLog(file, complaintOf);
    log.beginLife();
    expect([log.complaints(), log.lastWords()]).toEqual([[], '']);
  });
});
