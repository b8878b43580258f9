import { setTimeout as sleep } from 'node:timers/promises';
import type { Inspection, NodeTrial, Proof, Victim } from '../fault.ts';
import { within } from '../patience.ts';
import type { Damage } from './damage.ts';

const reactionMsMax = 15_000;
const pauseMs = 250;

/**
 * What a node that was started on damaged files made of them, from outside. It may end, or refuse
 * to hand out what it has, if it names the log that is damaged; or hand out all, as it was written,
 * with the damage gone from its files. Handing out anything else is the one thing that it must not
 * do; and one that was never asked for what is damaged has proven nothing.
 */
export async function proveHarmless(
  victim: Victim,
  trial: NodeTrial,
  damage: Damage,
): Promise<Proof> {
  let met: Reaction;
  const judged = await within(
    reactionMsMax,
    async () => {
      met = await reactionOf(victim, trial);
      return await judge(met, { name: victim.name, trial, damage });
    },
    pauseMs,
  );
  return judged ?? undecided(victim.name, met);
}

/** Undefined while it does not answer yet. */
type Reaction = Inspection | 'ended' | undefined;

/** Undefined where time may tell. */
async function judge(
  met: Reaction,
  parts: { readonly name: string; readonly trial: NodeTrial; readonly damage: Damage },
): Promise<Proof | undefined> {
  const { name, trial, damage } = parts;
  const complaint = trial.complaints().find((said) => said.includes(damage.log));
  if (met === undefined) return undefined;
  if (met === 'ended') {
    return complaint === undefined
      ? { result: 'mismatch', evidence: `${name} ended and did not name ${damage.log}` }
      : { result: 'confirmed', evidence: `${name} refused to run: "${complaint}"` };
  }
  const { records, damaged, complete, reason } = met;
  if (damaged > 0) {
    const count = `${damaged} of ${records} records`;
    return { result: 'mismatch', evidence: `${name} handed out ${count} that are damaged` };
  }
  if (!complete) {
    const why = reason.includes(damage.log) ? reason : complaint;
    return why === undefined
      ? undefined
      : { result: 'confirmed', evidence: `${name} refused to read on: "${why}"` };
  }
  if (await damage.isThere()) return undefined;
  // What it says of connections is about others.
  const said = trial.complaints().findLast((one) => !one.includes('connection'));
  const how = said === undefined ? 'and says nothing of it' : `and says "${said}"`;
  const what = `goes on without it, handed out ${records} records as they were written`;
  return { result: 'confirmed', evidence: `${name} ${what}, ${how}` };
}

function undecided(name: string, met: Reaction): Proof {
  if (met === undefined || met === 'ended')
    return { result: 'mismatch', evidence: `${name} did not answer within ${reactionMsMax} ms` };
  return met.complete
    ? { result: 'inconclusive', evidence: `${name} was never asked for what is damaged` }
    : {
        result: 'mismatch',
        evidence: `${name} refused without naming what is damaged: ${met.reason}`,
      };
}

async function reactionOf(victim: Victim, trial: NodeTrial): Promise<Reaction> {
  if ((await victim.state()) === 'stopped') return 'ended';
  if (!(await victim.answers())) return undefined;
  const watch = new AbortController();
  try {
    return await Promise.race([trial.inspect(), untilEnded(victim, watch.signal)]);
  } finally {
    watch.abort();
  }
}

async function untilEnded(victim: Victim, signal: AbortSignal): Promise<'ended'> {
  while (!signal.aborted && (await victim.state()) !== 'stopped')
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  return 'ended';
}
