import type { Proof, Victim } from '../fault.ts';
import { within } from '../patience.ts';

const saidMsMax = 5_000;
const ofTheDisk = /sync (of \S+ \S+ )?failed|could not sync|\bEIO\b|(i\/o|input\/output) error/i;

/** That the node itself has seen its disk fail: it says so, or it has ended. */
export async function proveNoticed(victim: Victim, complaintsBefore: number): Promise<Proof> {
  const heard = await within(saidMsMax, async () => {
    const said = (victim.trial?.complaints() ?? []).slice(complaintsBefore);
    const why = said.find((one) => ofTheDisk.test(one));
    if (why !== undefined) return `${victim.name} says "${why}"`;
    return (await victim.state()) === 'stopped' ? `${victim.name} has ended` : undefined;
  });
  return heard === undefined
    ? {
        result: 'mismatch',
        evidence: `${victim.name} goes on and does not say within ${saidMsMax} ms that its disk failed`,
      }
    : { result: 'confirmed', evidence: heard };
}
