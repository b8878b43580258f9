import { z } from 'zod';
import type { NodeContainer } from '../cluster/node-container.ts';
import type { Proof, Victim } from './fault.ts';
import { proveUp } from './observe.ts';
import { onContainers } from './on-containers.ts';
import { joinProofs } from './on-each.ts';
import { within } from './patience.ts';

const patienceMs = 15_000;

/**
 * The engine takes the interface between the nodes away, as an operator's mistake or a driver's
 * failure does, and gives it back with the same address. Clients are connected as before, to a node
 * that may lead and can no longer replicate.
 */
export const disconnect = onContainers({
  kind: 'disconnect',
  description: 'off the network between nodes while clients stay connected (containers)',
  options: z.strictObject({}),
  trouble: (victim, container) => ({
    begin: () => container.disconnect(),
    end: () => container.reconnect(),
    prove: (expected) =>
      expected === 'injected' ? proveApart(victim, container) : proveTogether(victim, container),
  }),
});

/** The engine says so, it answers nobody over that network, and it does answer its clients. */
async function proveApart(victim: Victim, container: NodeContainer): Promise<Proof> {
  const answers = await within(patienceMs, async () => (await victim.answers()) || undefined);
  const over = await container.answersPeers();
  const { networks } = await container.look();
  const evidence = [
    `the engine has ${victim.name} on ${networksText(networks)}`,
    peersText(over),
    answers ? 'its clients are answered' : 'its clients are not answered',
  ].join(', ');
  const apart = !networks.includes('cluster') && networks.includes('client') && over !== true;
  return { result: apart && answers === true ? 'confirmed' : 'mismatch', evidence };
}

async function proveTogether(victim: Victim, container: NodeContainer): Promise<Proof> {
  const reached = await within(
    patienceMs,
    async () => (await container.answersPeers()) !== false || undefined,
  );
  const over = reached ? await container.answersPeers() : false;
  const { networks } = await container.look();
  const together = networks.includes('cluster') && reached === true;
  const evidence = `the engine has ${victim.name} on ${networksText(networks)}, ${peersText(over)}`;
  const joined: Proof = { result: together ? 'confirmed' : 'mismatch', evidence };
  return joinProofs([joined, await proveUp(victim, patienceMs)]);
}

function networksText(networks: readonly string[]): string {
  return networks.length === 0 ? 'no network' : `the network ${networks.join(' and ')}`;
}

function peersText(answers: boolean | undefined): string {
  if (answers === undefined) return 'this machine is not on the network between nodes';
  return `${answers ? 'an' : 'no'} answer over the network between nodes`;
}
