import type { z } from 'zod';
import type { StorageForm } from '../cluster/node-storage.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { Fault, FaultSite, Proof, Victim } from './fault.ts';
import { joinProofs, lastOf } from './on-each.ts';

/** Something that a disk does to its node, from its injection to the proof of its end. */
export interface DiskTrouble {
  /** Resolves with when it took effect. */
  begin(): Promise<number>;
  /** From any state; resolves with when the node was whole again. */
  end(): Promise<number>;
  prove(expected: 'injected' | 'healed'): Promise<Proof>;
}

/** A fault that does to the disk of each victim what it would do to that of one. */
export interface DiskFault<Options> {
  readonly kind: string;
  readonly description: string;
  readonly options: z.ZodType<Options>;
  /** The storage forms that it can act on; all when left out. */
  readonly storage?: readonly StorageForm[];
  /** Throws where the victim has no disk that this can be done to. */
  trouble(victim: Victim, around: Surroundings<Options>): DiskTrouble;
}

export interface Surroundings<Options> extends Pick<FaultSite<Options>, 'options' | 'links'> {
  /** The victim's own. */
  readonly seed: number;
}

export function onDisks<Options>(fault: DiskFault<Options>): Fault<Options> {
  const { kind, description, options, storage } = fault;
  const troubles = new WeakMap<FaultSite<Options>, readonly DiskTrouble[]>();
  return {
    kind,
    description,
    targets: ['node'],
    heals: true,
    options,
    ...(storage === undefined ? {} : { needs: { storage } }),
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

/** For `trouble` of a fault whose `storage` keeps this from happening in a run. */
export function noDiskFor(kind: string, { name, disk }: Victim): Error {
  return new Error(`${kind} cannot act on ${name}: its storage is ${disk?.form ?? 'unknown'}`);
}
