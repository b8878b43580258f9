import { escapeMarkup } from './markup.ts';

/**
 * JUnit XML within what Jenkins's schema (junit-10.xsd) allows: a failure is a promise that did not
 * hold, an error is the harness's own, skipped is no answer.
 */
export interface Case {
  readonly group: string;
  readonly name: string;
  readonly outcome: 'passed' | 'failure' | 'error' | 'skipped';
  readonly message: string;
  readonly details: string;
}

export interface CaseSuite {
  /** Begins the class name of every case. */
  readonly name: string;
  readonly title: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly cases: readonly Case[];
}

export function junitXml(given: readonly CaseSuite[]): string {
  const suites = given.map((suite) => ({ ...suite, cases: distinct(suite.cases) }));
  const cases = suites.flatMap((suite) => suite.cases);
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="ackworth" tests="${cases.length}" ` +
    `failures="${of(cases, 'failure')}" errors="${of(cases, 'error')}">\n` +
    `${suites.map(suiteText).join('')}</testsuites>\n`
  );
}

function suiteText({ name, title, startedAt, endedAt, properties, cases }: CaseSuite): string {
  const seconds = Math.max(0, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
  const attributes = {
    name: title,
    tests: cases.length,
    failures: of(cases, 'failure'),
    errors: of(cases, 'error'),
    skipped: of(cases, 'skipped'),
    time: seconds.toFixed(3),
    timestamp: startedAt.slice(0, 19),
  };
  return (
    ` <testsuite${attributesOf(attributes)}>\n  <properties>\n` +
    Object.entries(properties)
      .map(([key, value]) => `   <property${attributesOf({ name: key, value })}/>\n`)
      .join('') +
    `  </properties>\n${cases.map((each) => caseText(name, each)).join('')} </testsuite>\n`
  );
}

function caseText(suite: string, { group, name, outcome, message, details }: Case): string {
  const head = `  <testcase${attributesOf({ classname: `${suite}.${group}`, name })}>\n`;
  const type = outcome === 'failure' ? 'violation' : outcome === 'error' ? 'harness' : 'no-answer';
  const what = outcome === 'passed' ? '' : `   <${outcome}${attributesOf({ type, message })}/>\n`;
  return `${head}${what}   <system-out>${escapeMarkup(details)}</system-out>\n  </testcase>\n`;
}

/** Importers key cases by name, so the second of a name gets a number. */
function distinct(cases: readonly Case[]): Case[] {
  const seen = new Map<string, number>();
  return cases.map((each) => {
    const key = `${each.group}/${each.name}`;
    const times = (seen.get(key) ?? 0) + 1;
    seen.set(key, times);
    return times === 1 ? each : { ...each, name: `${each.name} (${times})` };
  });
}

function of(cases: readonly Case[], outcome: Case['outcome']): number {
  return cases.filter((each) => each.outcome === outcome).length;
}

function attributesOf(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeMarkup(String(value)).replace(/[\n\r\t]+/g, ' ')}"`)
    .join('');
}
