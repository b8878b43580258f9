import { setTimeout as sleep } from 'node:timers/promises';
import type { Link, LinkRule, Links, Sighting } from '../cluster/links.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { Proof } from './fault.ts';

const healPatienceMs = 15_000;

/**
 * A cut is proven by frames: on its links none came through, on the ways next to them each did;
 * and by the traffic itself, of which not a byte has come out of its links since. Links that other
 * rules cut as well, or that changed while the frames were under way, say nothing about the others.
 */
export async function proveCut(links: Links, rule: LinkRule): Promise<Proof> {
  const { mine, others } = await sight(links, rule);
  const { connections, bytesForwarded } = await links.traffic(rule.id);
  const leaked = mine.filter(({ arrivedMs }) => arrivedMs !== null);
  const blocked = others.filter(({ arrivedMs }) => arrivedMs === null);
  const evidence =
    `frames: lost on ${mine.length - leaked.length} of ${mine.length} ways that are cut, passed on ` +
    `${others.length - blocked.length} of ${others.length} others; ${connections} connections ` +
    `held, ${bytesForwarded} bytes came through the cut since`;
  if (leaked.length > 0 || blocked.length > 0 || bytesForwarded > 0)
    return { result: 'mismatch', evidence: `${evidence}${named([...leaked, ...blocked])}` };
  if (mine.length === 0 || connections === 0) return { result: 'inconclusive', evidence };
  return { result: 'confirmed', evidence };
}

/** A delay is proven by how long frames are under way: at least as long as the rule says. */
export async function proveDelay(
  links: Links,
  rule: Extract<LinkRule, { kind: 'delay' }>,
): Promise<Proof> {
  // Before the frames, which are under way for so long that a victim may be gone by then.
  const { connections } = await links.traffic(rule.id);
  const { mine, others } = await sight(links, rule);
  const leastMs = rule.delayMs - rule.jitterMs;
  const arrived = mine.filter(({ arrivedMs }) => arrivedMs !== null);
  const early = arrived.filter(({ arrivedMs }) => arrivedMs! < leastMs);
  const times = arrived.map(({ arrivedMs }) => arrivedMs!);
  const undelayed = others.filter((sighting) => !isUnder(links.rules, sighting));
  const usualMs = median(undelayed.map(({ arrivedMs }) => arrivedMs ?? Infinity));
  const span =
    times.length === 0 ? 'none' : `${ms(Math.min(...times))} to ${ms(Math.max(...times))}`;
  const evidence =
    `frames took ${span} over ${arrived.length} of ${mine.length} delayed ways, ` +
    `${usualMs === undefined ? 'no' : ms(usualMs)} at the median over ${undelayed.length} others; ` +
    `${connections} connections delayed`;
  if (early.length > 0) return { result: 'mismatch', evidence: `${evidence}${named(early)}` };
  const slow = usualMs !== undefined && usualMs >= leastMs;
  if (arrived.length === 0 || connections === 0 || slow)
    return { result: 'inconclusive', evidence };
  return { result: 'confirmed', evidence };
}

/** Frames pass again wherever no other rule stands against it, and in time; it is given a while. */
export async function proveOpen(links: Links, rule: LinkRule): Promise<Proof> {
  const withinMs = rule.kind === 'delay' ? rule.delayMs - rule.jitterMs : Infinity;
  const deadline = monotonicNanos() + healPatienceMs * 1e6;
  for (;;) {
    const { free } = await sight(links, rule);
    const passed = free.filter(
      (sighting) =>
        sighting.arrivedMs !== null &&
        (sighting.arrivedMs < withinMs || isUnder(links.rules, sighting)),
    );
    const evidence = `frames: passed on ${passed.length} of ${free.length} ways again`;
    if (passed.length === free.length) return { result: 'confirmed', evidence };
    if (monotonicNanos() > deadline) return { result: 'mismatch', evidence };
    await sleep(200);
  }
}

interface Seen {
  /** Over the rule's own links. */
  readonly mine: readonly Sighting[];
  /** Over the ways next to them: back, and between nodes; none that a rule cut meanwhile. */
  readonly others: readonly Sighting[];
  /** Over the rule's own links as far as no rule cut them meanwhile. */
  readonly free: readonly Sighting[];
}

async function sight(links: Links, rule: LinkRule): Promise<Seen> {
  const nodes = links.sites.flatMap(({ kind, name }) => (kind === 'node' ? [name] : []));
  const all = unique([
    ...rule.links,
    ...rule.links.map(({ from, to }) => ({ from: to, to: from })),
    ...nodes.flatMap((from) => nodes.flatMap((to) => (from === to ? [] : [{ from, to }]))),
  ]);
  const before = links.rules;
  const cutBefore = all.filter((link) => isUnder(before, link, 'cut'));
  const sightings = await links.probe(all, cutBefore);
  const rules = [...before, ...links.rules];
  const own = new Set(rule.links.map(keyOf));
  const open = sightings.filter((sighting) => !isUnder(rules, sighting, 'cut'));
  return {
    mine: sightings.filter((sighting) => own.has(keyOf(sighting))),
    others: open.filter((sighting) => !own.has(keyOf(sighting))),
    free: open.filter((sighting) => own.has(keyOf(sighting))),
  };
}

function isUnder(rules: readonly LinkRule[], link: Link, kind?: LinkRule['kind']): boolean {
  const key = keyOf(link);
  return rules.some(
    (rule) => (kind ?? rule.kind) === rule.kind && rule.links.some((one) => keyOf(one) === key),
  );
}

function keyOf({ from, to }: Link): string {
  return `${from}>${to}`;
}

function unique(links: readonly Link[]): Link[] {
  return [...new Map(links.map((link) => [keyOf(link), link])).values()];
}

function named(sightings: readonly Sighting[]): string {
  if (sightings.length === 0) return '';
  const ways = [...new Set(sightings.map(({ from, to }) => `${from} to ${to}`))];
  return `; contrary to the rule: ${ways.slice(0, 5).join(', ')}${ways.length > 5 ? ', ...' : ''}`;
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
