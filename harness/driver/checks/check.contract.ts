import { HarnessError } from '../../errors.ts';
import type { Session } from '../driver.ts';
import { payloadOf, readTopic } from '../fixture.contract.ts';
import type { DriverFixture, Sent } from '../fixture.contract.ts';

/**
 * One thing that every driver owes the harness. `check` answers with what it found wrong, in
 * sentences; nothing found means kept. `skip` says why it does not apply.
 */
export interface DriverCheck {
  readonly title: string;
  skip(fixture: DriverFixture): string | undefined;
  check(fixture: DriverFixture, session: Session): Promise<string[]>;
}

export const always = () => undefined;
export const needsPause = (fixture: DriverFixture) =>
  fixture.pause === undefined ? 'this fixture cannot pause its broker' : undefined;
export const needsRetry = (fixture: DriverFixture) =>
  fixture.retryOutageMs === undefined
    ? 'no pause of this fixture is long enough for a message to be sent again'
    : undefined;
export const needsKill = (fixture: DriverFixture) =>
  fixture.kill === undefined ? 'this fixture cannot kill a node' : undefined;
/** Whether members share what a group is given, in whatever way. */
export const needsSharing = ({ driver }: DriverFixture) =>
  driver.capabilities.groups || driver.capabilities.competingConsumers
    ? undefined
    : 'the driver has no groups';
export const needs =
  (capability: 'positions' | 'replayable' | 'groups' | 'competingConsumers' | 'idempotence') =>
  (fixture: DriverFixture) =>
    fixture.driver.capabilities[capability]
      ? undefined
      : `the driver does not declare ${capability}`;
export const reasons =
  (...of: ((fixture: DriverFixture) => string | undefined)[]) =>
  (fixture: DriverFixture) =>
    of.map((reason) => reason(fixture)).find((reason) => reason !== undefined);

export function messages(count: number, keys = 8, bytes = 100): { key: number; payload: Buffer }[] {
  return Array.from({ length: count }, (_, index) => ({
    key: index % keys,
    payload: payloadOf(index, bytes),
  }));
}

export function notOk(sent: readonly Sent[], expected: number): string[] {
  const ok = sent.filter(({ outcome }) => outcome === 'ok').length;
  return ok === expected
    ? []
    : [`of ${expected} messages to a healthy broker only ${ok} were acked`];
}

/** What is in one list of payloads and not in the other, and the other way round. */
export function compared(
  what: string,
  expected: readonly string[],
  found: readonly string[],
): string[] {
  const findings: string[] = [];
  const missing = expected.filter((payload) => !found.includes(payload)).length;
  const foreign = found.filter((payload) => !expected.includes(payload)).length;
  if (missing > 0)
    findings.push(
      `${missing} of ${expected.length} acked messages are missing from ${what}, or were changed`,
    );
  if (foreign > 0) findings.push(`${foreign} messages in ${what} were never sent like that`);
  if (found.length - foreign > expected.length - missing)
    findings.push(`${what} holds messages twice`);
  return findings;
}

export const payloadsOf = (list: readonly { readonly payload: string }[]) =>
  list.map(({ payload }) => payload);

/** What is wrong with how something was refused that is not declared: a person has to see why. */
export function unlikeRefusal(what: string, error: unknown): string[] {
  if (!(error instanceof HarnessError) || error.code !== 'usage')
    return [`${what} was not refused as a mistake of the user: ${String(error)}`];
  return /^\S+( \S+){3,}$/.test(error.message)
    ? []
    : [`${what} was refused with no sentence: "${error.message}"`];
}

/** What is wrong with a topic that is to hold all that was acked, and that once where `once`. */
export async function unlikeAcked(
  session: Session,
  sent: readonly Sent[],
  once: boolean,
): Promise<string[]> {
  const acked = payloadsOf(sent.filter(({ outcome }) => outcome === 'ok'));
  const found = payloadsOf(await readTopic(session));
  const findings: string[] = [];
  const lost = acked.filter((payload) => !found.includes(payload)).length;
  if (lost > 0) findings.push(`${lost} acked messages are not in the topic`);
  if (once && new Set(found).size < found.length) findings.push('the topic holds messages twice');
  return findings;
}
