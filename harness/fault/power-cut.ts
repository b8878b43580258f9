import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { monotonicNanos } from '../measure/clock.ts';
import { nodeOfRole } from '../nemesis/roles.ts';
import type { Fault, FaultSite, Proof, Victim } from './fault.ts';
import { proveDown, proveUp } from './observe.ts';
import { joinProofs } from './on-each.ts';
import { endWithQueues } from './on-links.ts';
import { outageOf } from './power-cut/outage-of.ts';
import type { Outage } from './power-cut/outage.ts';

const options = z.strictObject({
  /**
   * `leader-last`: who led when the power went comes back only once the others have elected, so
   * that what it alone still had is not there to save them.
   */
  back: z.enum(['together', 'leader-last']).default('together'),
});

type Site = FaultSite<z.output<typeof options>>;

interface PowerCut {
  readonly outages: ReadonlyMap<Victim, Outage>;
  readonly leader: Victim | undefined;
  readonly killedMs: Map<Victim, number>;
  backMs: number;
  /** What went wrong once the power was off, which does not make it come back. */
  trouble: unknown;
}

const cuts = new WeakMap<Site, PowerCut>();
const electionMsMax = 10_000;

/**
 * The power of all victims goes at one instant. Unlike `kill -9`, after which the kernel still
 * writes what a process had written, it takes all that was not synced. The fault takes effect when
 * the last victim is frozen: from then on nothing is written, synced or acked.
 */
export const powerCut: Fault<z.output<typeof options>> = {
  kind: 'power-cut',
  description: 'what was not synced is gone, at once on all victims; then started again',
  targets: ['node'],
  heals: true,
  options,
  needs: { storage: ['emulated', 'ext4', 'xfs'] },

  async inject(site) {
    const cut = await planCut(site);
    cuts.set(site, cut);
    const outages = [...cut.outages.values()];
    await Promise.all(outages.map((outage) => outage.prepare()));
    const frozen = await endWithQueues(site, () =>
      Promise.all(
        [...cut.outages].map(async ([victim, outage]) => [victim, await outage.cutOff()] as const),
      ),
    );
    // From here on data are gone, and whoever judges must know it, whatever else goes wrong.
    const ends = frozen.map(async ([victim, frozenAt]) => {
      cut.killedMs.set(victim, ((await victim.kill()) - frozenAt) / 1e6);
    });
    const killed = await Promise.allSettled(ends);
    const dropped = await Promise.allSettled(outages.map((outage) => outage.drop()));
    cut.trouble = [...killed, ...dropped].find((one) => one.status === 'rejected')?.reason;
    return Math.max(...frozen.map(([, frozenAt]) => frozenAt));
  },

  async heal(site) {
    const cut = cuts.get(site);
    const began = monotonicNanos();
    if (cut === undefined) return began;
    // Half-way through an injection some are frozen still.
    await Promise.all(site.victims.map((victim) => victim.kill()));
    const outages = [...cut.outages.values()];
    await Promise.all(outages.map((outage) => outage.drop()));
    await Promise.all(outages.map((outage) => outage.restore()));
    const last = site.options.back === 'leader-last' ? cut.leader : undefined;
    const first = site.victims.filter((victim) => victim !== last);
    const started = await Promise.all(first.map((victim) => victim.start()));
    cut.backMs = (monotonicNanos() - began) / 1e6;
    if (last !== undefined) {
      await untilOthersLead(site, last);
      started.push(await last.start());
    }
    return Math.max(...started);
  },

  async probe(site, expected) {
    const cut = cuts.get(site);
    if (!cut) return { result: 'inconclusive', evidence: 'the power was not cut' };
    const proofs = await Promise.all(
      site.victims.map((victim) =>
        expected === 'injected' ? proveOff(cut, victim) : proveBack(cut, victim),
      ),
    );
    if (cut.trouble !== undefined) proofs.push(troubled(cut.trouble));
    const after = `back after ${Math.round(cut.backMs)} ms`;
    const { result, evidence } = joinProofs(proofs);
    return { result, evidence: expected === 'injected' ? evidence : `${evidence}; ${after}` };
  },
};

function troubled(trouble: unknown): Proof {
  const why = trouble instanceof Error ? trouble.message : String(trouble);
  return { result: 'inconclusive', evidence: `the power was cut, but ${why}` };
}

async function planCut(site: Site): Promise<PowerCut> {
  const outages = new Map(
    site.victims.map((victim) => [victim, outageOf(victim, (site.seed + victim.number) >>> 0)]),
  );
  // Only a cut that is to spare the leader needs to know it.
  const leader = site.options.back === 'leader-last' ? await leaderOf(site) : undefined;
  return { outages, leader, killedMs: new Map(), backMs: 0, trouble: undefined };
}

async function leaderOf({ victims, roles }: Site): Promise<Victim | undefined> {
  const numbers = victims.map(({ number }) => number);
  const node = nodeOfRole('leader', await roles(), numbers, 0);
  return victims.find(({ number }) => number === node);
}

/** A partition that has no replica elsewhere never finds a leader: then this waits in vain. */
async function untilOthersLead({ roles }: Site, last: Victim): Promise<void> {
  const deadline = monotonicNanos() + electionMsMax * 1e6;
  while (monotonicNanos() < deadline) {
    await last.state();
    const { leaders } = await roles().catch(() => ({ leaders: [] as readonly number[] }));
    if (leaders.length > 0 && !leaders.includes(0) && !leaders.includes(last.number)) return;
    await sleep(50);
  }
}

async function proveOff({ outages, killedMs }: PowerCut, victim: Victim): Promise<Proof> {
  const off = outages.get(victim)!.proveOff();
  const { result, evidence } = joinProofs([await proveDown(victim, 'stopped'), off]);
  const took = Math.round(killedMs.get(victim) ?? 0);
  return { result, evidence: `${evidence}; frozen to killed in ${took} ms` };
}

async function proveBack({ outages }: PowerCut, victim: Victim): Promise<Proof> {
  return joinProofs([await proveUp(victim, 15_000), outages.get(victim)!.proveBack()]);
}
