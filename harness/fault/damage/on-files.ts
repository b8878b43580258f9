import type { z } from 'zod';
import { draw } from '../../scenario/draw.ts';
import type { Fault, Inspection, NodeTrial, Proof, Victim } from '../fault.ts';
import { proveUp } from '../observe.ts';
import { noDiskFor, onDisks, type DiskTrouble } from '../on-disks.ts';
import { joinProofs } from '../on-each.ts';
import { endWithQueues } from '../on-links.ts';
import { within } from '../patience.ts';
import type { Damage, Damager } from './damage.ts';
import { logsBelow } from './logs.ts';
import { proveHarmless } from './reaction.ts';

export interface FileFault<Options> {
  readonly kind: string;
  readonly description: string;
  readonly options: z.ZodType<Options>;
  readonly damage: Damager<Options>;
}

const wholeMsMax = 15_000;

/**
 * A fault that kills its victims, damages their files and starts them again. What they make of it is
 * theirs: they refuse to start, refuse to read, or cut off the damage and get it from the others.
 *
 * Healed is what an operator does who has the lost files back from somewhere: what is still damaged
 * is put back, from what was kept aside, and the node started on it. What the node has mended by
 * itself is left alone, since it has gone on from there.
 */
export function onFiles<Options>(fault: FileFault<Options>): Fault<Options> {
  const { kind, description, options, damage } = fault;
  return onDisks({
    kind,
    description,
    options,
    trouble(victim, { options: chosen, seed, links }) {
      const { disk, trial } = victim;
      if (disk === undefined || trial === undefined) throw noDiskFor(kind, victim);
      const inflict = async (): Promise<Damage> =>
        await damage({
          logs: await logsBelow(disk.directory),
          options: chosen,
          draw: (word) => draw(seed, word),
          asideDirectory: `${disk.directory}.aside`,
        });
      const kill = (): Promise<number> =>
        endWithQueues({ victims: [victim], ...(links && { links }) }, () => victim.kill());
      return fileTrouble(victim, trial, { kill, inflict });
    },
  });
}

function fileTrouble(
  victim: Victim,
  trial: NodeTrial,
  { kill, inflict }: { kill: () => Promise<number>; inflict: () => Promise<Damage> },
): DiskTrouble {
  let damage: Damage | undefined;
  let wasPutBack = false;

  return {
    async begin() {
      const killedAt = await kill();
      damage = await inflict();
      await trial.launch();
      return killedAt;
    },
    async end() {
      if (damage === undefined) return await victim.start();
      const refused = (await victim.state()) === 'stopped';
      if (refused || (await damage.isThere())) {
        await victim.kill();
        wasPutBack = (await damage.putBack()) || wasPutBack;
      }
      return await victim.start();
    },
    async prove(expected) {
      if (damage === undefined)
        return { result: 'inconclusive', evidence: `nothing of ${victim.name} was damaged` };
      if (expected === 'healed') {
        const mended = wasPutBack
          ? 'what was damaged was put back'
          : 'there was nothing to put back';
        const { result, evidence } = joinProofs([
          await proveUp(victim, wholeMsMax),
          await proveWhole(victim, trial),
        ]);
        return { result, evidence: `${mended}; ${evidence}` };
      }
      const { result, evidence } = await proveHarmless(victim, trial, damage);
      return { result, evidence: `${damage.what}; ${evidence}` };
    },
  };
}

/** That a node hands out all that it has, as it was written; it may still be opening its logs. */
async function proveWhole(victim: Victim, trial: NodeTrial): Promise<Proof> {
  let last: Inspection | undefined;
  await within(
    wholeMsMax,
    async () => {
      await victim.state();
      last = await trial.inspect();
      return last.complete || last.damaged > 0 ? true : undefined;
    },
    500,
  );
  const { records = 0, damaged = 0, complete = false, reason = '' } = last ?? {};
  const what = `${victim.name} handed out ${records.toLocaleString('en-US')} records`;
  if (damaged > 0) return { result: 'mismatch', evidence: `${what}, ${damaged} of them damaged` };
  return complete
    ? { result: 'confirmed', evidence: `${what}, all as they were written` }
    : { result: 'mismatch', evidence: `${what} and no more: ${reason}` };
}
