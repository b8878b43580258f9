import { z } from 'zod';
import type { Fault, Proof, Victim } from './fault.ts';

/** A fault that does to each of its victims what it would do to one, and has no options. */
export interface SingleFault {
  readonly kind: string;
  readonly description: string;
  readonly targets: Fault['targets'];
  readonly heals: boolean;
  inject(victim: Victim): Promise<number>;
  heal(victim: Victim): Promise<number>;
  probe(victim: Victim, expected: 'injected' | 'healed'): Promise<Proof>;
}

/** All victims at once. Took effect when it did on the last; proven when it is on every one. */
export function onEach(fault: SingleFault): Fault {
  return {
    kind: fault.kind,
    description: fault.description,
    targets: fault.targets,
    heals: fault.heals,
    options: z.strictObject({}),
    inject: ({ victims }) => lastOf(victims.map((victim) => fault.inject(victim))),
    heal: ({ victims }) => lastOf(victims.map((victim) => fault.heal(victim))),
    probe: async ({ victims }, expected) =>
      joinProofs(await Promise.all(victims.map((victim) => fault.probe(victim, expected)))),
  };
}

/** The worst result counts; every victim's evidence is kept. */
export function joinProofs(proofs: readonly Proof[]): Proof {
  const worst = (['mismatch', 'inconclusive', 'confirmed'] as const).find((result) =>
    proofs.some((proof) => proof.result === result),
  );
  return {
    result: worst ?? 'inconclusive',
    evidence: proofs.map(({ evidence }) => evidence).join('; '),
  };
}

/** One that fails does not keep the others from being done; then the failure is told. */
export async function lastOf(acts: readonly Promise<number>[]): Promise<number> {
  const results = await Promise.allSettled(acts);
  const failed = results.find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return Math.max(...results.map((result) => (result.status === 'fulfilled' ? result.value : 0)));
}
