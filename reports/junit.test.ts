import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import type { RunRecord } from '../harness/record/record.ts';
import { renderJunit } from './junit.ts';
import { suiteJunit } from './suite/junit.ts';
import * as records from './testing/records.ts';
import * as suites from './testing/suites.ts';

const schema = await readFile(new URL('testdata/junit-subset.xsd', import.meta.url), 'utf8');

async function errorsOf(xml: string): Promise<string[]> {
  const result = await validateXML({
    xml: [{ fileName: 'junit.xml', contents: xml }],
    schema: [schema],
  });
  return result.errors.map(({ message }) => message);
}

function casesOf(record: RunRecord): Map<string, string> {
  const cases = renderJunit([record]).matchAll(
    /<testcase classname="[^"]*\.(\w+)" name="([^"]*)">\s*(?:<(\w+) type)?/g,
  );
  return new Map(
    [...cases].map(([, group, name, outcome]) => [`${group}/${name}`, outcome ?? 'passed']),
  );
}

describe('the test report', () => {
  test.each(Object.entries(records))('is valid XML of the JUnit schema for %s', async (_, make) => {
    expect(await errorsOf(renderJunit([make()]))).toEqual([]);
  });

  test.each(Object.entries(suites))('is valid XML of the JUnit schema for %s', async (_, make) => {
    expect(await errorsOf(suiteJunit(make()))).toEqual([]);
  });

  test('is refused by the schema when an attribute is unknown or a number is not one', async () => {
    const xml = renderJunit([records.passWithTwoFaults()]);
    expect(await errorsOf(xml.replace('<testcase ', '<testcase timestamp="1" '))).not.toEqual([]);
    expect(await errorsOf(xml.replace(/ tests="\d+"/, ' tests="many"'))).not.toEqual([]);
  });

  test('holds one case per check, limit and fault, and one for the run', () => {
    const record = records.passWithTwoFaults();
    const cases = casesOf(record);
    expect(cases.size).toBe(
      1 + record.verdicts.length + record.limits.length + record.faults.length,
    );
    expect(cases.get('run/verdict')).toBe('passed');
    expect(cases.get('checks/lost')).toBe('passed');
  });

  test('makes invalid a failure, and unknown and not-applicable skipped', () => {
    const failed = casesOf(records.failWithLostMessages());
    expect(failed.get('run/verdict')).toBe('failure');
    expect(failed.get('checks/lost')).toBe('failure');
    expect(failed.get('limits/response p99')).toBe('failure');
    expect(failed.get('checks/aborted-read')).toBe('skipped');
    const doubtful = casesOf(records.inconclusiveSaturated());
    expect(doubtful.get('run/verdict')).toBe('skipped');
    expect(doubtful.get('limits/response p99')).toBe('skipped');
  });

  test('makes a fault that did not act an error of the harness', () => {
    const record = records.passWithTwoFaults();
    const [first, ...rest] = record.faults;
    const proof = { ...first!.proof, injected: 'mismatch' as const };
    const cases = casesOf({ ...record, faults: [{ ...first!, proof }, ...rest] });
    expect(
      [...cases].filter(([name]) => name.startsWith('faults/')).map(([, outcome]) => outcome),
    ).toEqual(['error', 'passed']);
  });

  test('counts in its attributes what it holds, also over several runs', () => {
    const xml = renderJunit([records.failWithLostMessages(), records.inconclusiveSaturated()]);
    const total = (name: string): number =>
      Number(new RegExp(`<testsuites[^>]* ${name}="(\\d+)"`).exec(xml)?.[1]);
    expect(total('tests')).toBe(xml.match(/<testcase /g)?.length);
    expect(total('failures')).toBe(xml.match(/<failure /g)?.length);
    expect(total('errors')).toBe(0);
    expect(xml.match(/<testsuite /g)).toHaveLength(2);
  });

  test('gives the second case of a name a number, since importers key by name', () => {
    const record = records.passWithTwoFaults();
    const twice = { ...record, verdicts: [...record.verdicts, record.verdicts[0]!] };
    expect(casesOf(twice).has('checks/lost (2)')).toBe(true);
  });
});
