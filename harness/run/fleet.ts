import type { Plan } from '../scenario/plan-types.ts';
import type { ProcessIdentity } from '../supervisor/process-table.ts';
import { Worker, type WorkerContext, type WorkerProgress } from './worker.ts';

export interface LoadTotals {
  readonly sent: number;
  readonly acked: number;
  /** Failed, or of unknown outcome. */
  readonly unacked: number;
  /** Sent by workers that live, outcome not known yet. */
  readonly inFlight: number;
  readonly delivered: number;
  readonly responseP99Ms: number | null;
}

/** All load workers of a run. */
export class Fleet {
  readonly producers: readonly Worker[];
  readonly consumers: readonly Worker[];
  #lastProducer = 0;
  #lastConsumer = 0;

  constructor(plan: Plan, cluster: WorkerContext) {
    const { workload, topic } = plan.scenario;
    // One that starts after a fault may find nothing of the topic that it could ask about.
    const targetOf = (worker: string) => ({
      ...cluster.targetOf(worker),
      partitions: topic.partitions,
    });
    const context = { ...cluster, targetOf };
    this.producers = plan.producers.map(({ worker, seed, share }) => {
      const roleOfLife = () =>
        ({
          kind: 'producer',
          producer: ++this.#lastProducer,
          seed,
          share,
          phases: plan.phases,
          ...(workload.overtime === undefined
            ? {}
            : { sendUntilMs: (plan.phases.at(-1)?.endMs ?? 0) + workload.overtime }),
          sizeBytes: workload.size,
          keys: workload.keys,
          options: {
            inFlightMax: workload.inFlightMax,
            lingerMs: workload.lingerMs,
            batchBytesMax: workload.batchSize,
            deliveryTimeoutMs: workload.deliveryTimeout,
            idempotent: workload.idempotent,
          },
        }) as const;
      return new Worker({ kind: 'producer', number: worker, roleOfLife }, context);
    });
    this.consumers = plan.consumers.map(({ worker, group }) => {
      const roleOfLife = () =>
        ({
          kind: 'consumer',
          consumer: ++this.#lastConsumer,
          group,
          inFlightMax: workload.inFlightMax,
          sessionTimeoutMs: workload.sessionTimeout,
        }) as const;
      return new Worker({ kind: 'consumer', number: worker, group, roleOfLife }, context);
    });
  }

  get all(): readonly Worker[] {
    return [...this.producers, ...this.consumers];
  }

  /** Resolves when all are ready: nothing is sent before the consumers are there. */
  async launch(): Promise<void> {
    await Promise.all(this.all.map((worker) => worker.launch()));
  }

  begin(originNanos: number): void {
    for (const worker of this.all) worker.begin(originNanos);
  }

  exited(name: string, identity: ProcessIdentity, how: string, atNanos: number): void {
    this.all.find((worker) => worker.name === name)?.exited(identity, how, atNanos);
  }

  /** Names of the histories that the workers wrote. */
  histories(): string[] {
    return this.all.flatMap((worker) => worker.histories());
  }

  totals(): LoadTotals {
    const produced = this.producers.flatMap((worker) => worker.progress());
    const consumed = this.consumers.flatMap((worker) => worker.progress());
    const p99s = this.producers.flatMap(
      (worker) => worker.progress().at(-1)?.responseP99Micros ?? [],
    );
    return {
      sent: sum(produced, 'sent'),
      acked: sum(produced, 'acked'),
      unacked: sum(produced, 'failed') + sum(produced, 'unknown'),
      inFlight: this.producers.reduce((total, worker) => total + worker.inFlight(), 0),
      delivered: sum(consumed, 'delivered'),
      responseP99Ms: p99s.length === 0 ? null : Math.max(...p99s) / 1000,
    };
  }
}

type Counted = 'sent' | 'acked' | 'failed' | 'unknown' | 'delivered';

function sum(progress: readonly WorkerProgress[], field: Counted): number {
  return progress.reduce((total, one) => total + one[field], 0);
}
