import { ProducerGate } from '../../broker/partition/producer-gate.ts';
import type { AppliedProducers } from '../../broker/partition/producer-gate.ts';
import type { PartitionMachine } from '../../broker/partition/partition.ts';
import type { Admission, BatchIdentity } from '../../broker/partition/producers.ts';
import { runNode } from '../../broker/server/run-node.ts';

/**
 * The deduplication table is lost at failover: a new leader knows no producer and takes whatever
 * comes first from each as new. A batch that was committed, but whose ack died with the old leader,
 * is appended once more when the producer tries again: `duplicate-broker`.
 */
class ForgetfulGate extends ProducerGate {
  readonly #heard = new Set<number>();

  constructor(machine: AppliedProducers) {
    super({
      get appliedIndex() {
        return machine.appliedIndex;
      },
      producer: () => undefined,
    });
  }

  override admit(batch: BatchIdentity): Admission {
    if (this.#heard.has(batch.producerId)) return super.admit(batch);
    this.#heard.add(batch.producerId);
    return { kind: 'append' };
  }

  override reset(): void {
    this.drop();
  }

  override drop(): void {
    super.drop();
    this.#heard.clear();
  }
}

const machines = new Map<number, PartitionMachine>();

await runNode(process.argv.slice(2), {
  partitionMachine: (machine, groupId) => {
    machines.set(groupId, machine);
    return machine;
  },
  producerGate: (_gate, groupId) => new ForgetfulGate(machines.get(groupId)!),
});
