import type { z } from 'zod';
import { monotonicNanos } from '../measure/clock.ts';
import type { Fault, FaultNeeds, FaultSite, Proof, Victim } from './fault.ts';
import { joinProofs, lastOf } from './on-each.ts';

/** Something that befalls one node, from its injection to the proof of its end. */
export interface Trouble {
  /** Resolves with when it took effect. */
  begin(): Promise<number>;
  /** From any state; resolves with when the node was whole again. */
  end(): Promise<number>;
  prove(expected: 'injected' | 'healed'): Promise<Proof>;
}

/** A fault that does to each victim, a node, what it would do to one. */
export interface TroubleFault<Options> {
  readonly kind: string;
  readonly description: string;
  readonly options: z.ZodType<Options>;
  readonly needs?: FaultNeeds;
  /** Throws where this cannot be done to the victim. */
  trouble(victim: Victim, around: Surroundings<Options>): Trouble;
}

export interface Surroundings<Options> extends Pick<FaultSite<Options>, 'options' | 'links'> {
  /** The victim's own. */
  readonly seed: number;
}

export function withTroubles<Options>(fault: TroubleFault<Options>): Fault<Options> {
  const { kind, description, options, needs } = fault;
  // A site is the same object from the injection to the probe of the healing.
  const troubles = new WeakMap<FaultSite<Options>, readonly Trouble[]>();
  return {
    kind,
    description,
    targets: ['node'],
    heals: true,
    options,
    ...(needs === undefined ? {} : { needs }),
    async inject(site) {
      const begun = site.victims.map((victim) =>
        fault.trouble(victim, { ...site, seed: (site.seed + victim.number) >>> 0 }),
      );
      troubles.set(site, begun);
      return await lastOf(begun.map((trouble) => trouble.begin()));
    },
    async heal(site) {
      const begun = troubles.get(site) ?? [];
      if (begun.length === 0) return monotonicNanos();
      return await lastOf(begun.map((trouble) => trouble.end()));
    },
    async probe(site, expected) {
      const begun = troubles.get(site) ?? [];
      if (begun.length === 0) return { result: 'inconclusive', evidence: `${kind} did not begin` };
      return joinProofs(await Promise.all(begun.map((trouble) => trouble.prove(expected))));
    },
  };
}
