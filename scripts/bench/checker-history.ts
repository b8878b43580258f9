import { join } from 'node:path';
import { z } from 'zod';
import type { HistoryHeader } from '../../harness/history/events.ts';
import { EntryFlag } from '../../harness/history/format.ts';
import { HistoryWriter } from '../../harness/history/writer.ts';
import { makePlan } from '../../harness/scenario/plan.ts';
import type { Plan } from '../../harness/scenario/plan-types.ts';
import { scenarioSchema } from '../../harness/scenario/schema.ts';

const producers = 4;
const consumers = 2;
const partitions = 4;
const keys = 1000;
const batch = 100;
/** Between two messages of one producer, and from send to ack. */
const gapNanos = 40_000;
const serviceNanos = 2e6;

export interface Layout {
  readonly messages: number;
  /** Offset of the record at a rank of its partition. */
  readonly offsetOf: (rank: number) => number;
}

export const dense: Layout['offsetOf'] = (rank) => rank;
export const sparse: Layout['offsetOf'] = (rank) => 2 ** 40 + rank * 1_000_003;

/** The plan that goes with `writeHistory`: a leader is killed half-way. */
export function planOf(messages: number): Plan {
  const seconds = Math.max(20, Math.ceil(((messages / producers) * gapNanos) / 1e9));
  const scenario = scenarioSchema.parse({
    name: 'checker-bench',
    question: 'how fast is a history judged?',
    nodes: 1,
    warmUp: '0s',
    topic: { partitions },
    workload: { producers, consumers, keys },
    phases: [
      {
        name: 'main',
        duration: `${seconds}s`,
        faults: [{ fault: 'kill', target: 'leader', at: `${Math.floor(seconds / 4)}s`, for: '1s' }],
      },
    ],
  });
  const vocabulary = {
    faults: [{ kind: 'kill', targets: ['node'], heals: true, options: z.strictObject({}) }],
    checks: [],
  } as const;
  return makePlan(scenario, { seed: 1, target: 'reference', cluster: 'process', vocabulary });
}

/**
 * A clean run through the real writer: per message an invoke, its completion, a delivery and a
 * record of the final read. Sequence `s` of each producer has key `s % 1000` and goes to partition
 * `s % 4`, where the producers take turns.
 */
export function writeHistory(directory: string, { messages, offsetOf }: Layout): void {
  const each = Math.floor(messages / producers / partitions) * partitions;
  harness(directory, planOf(messages));
  for (let producer = 1; producer <= producers; producer++) {
    writeProducer(open(directory, `producer-${producer}`, 'producer'), {
      producer,
      each,
      offsetOf,
    });
  }
  for (let consumer = 1; consumer <= consumers; consumer++) {
    writeConsumer(open(directory, `consumer-${consumer}`, 'consumer'), {
      consumer,
      each,
      offsetOf,
    });
  }
  writeReader(open(directory, 'reader-0', 'reader'), { each, offsetOf });
}

function open(directory: string, worker: string, role: HistoryHeader['role']): HistoryWriter {
  const header = {
    version: 1,
    run: 'bench',
    worker,
    role,
    clockDomain: 'bench',
    numbers: [],
  } as const;
  return new HistoryWriter(join(directory, `${worker}.ackh`), header);
}

function harness(directory: string, plan: Plan): void {
  const writer = open(directory, 'harness', 'harness');
  writer.event({ type: 'phase', name: 'main', time: 0 });
  const { atMs, healAtMs } = plan.faults[0]!;
  const fault = {
    type: 'fault',
    fault: 0,
    kind: 'kill',
    target: 'leader',
    victims: ['node 1'],
    proof: '',
  } as const;
  writer.event({ ...fault, step: 'requested', result: '', time: atMs * 1e6 });
  writer.event({ ...fault, step: 'effective', result: '', time: atMs * 1e6 });
  writer.event({ ...fault, step: 'probed', result: 'confirmed', time: atMs * 1e6 });
  writer.event({ ...fault, step: 'healed', result: '', time: healAtMs! * 1e6 });
  writer.event({ ...fault, step: 'heal-probed', result: 'confirmed', time: healAtMs! * 1e6 });
  writer.event({ type: 'phase', name: 'drain', time: plan.phases[0]!.endMs * 1e6 });
  writer.close();
}

interface Part {
  /** Messages per producer. */
  readonly each: number;
  readonly offsetOf: Layout['offsetOf'];
}

function rankOf(producer: number, sequence: number): number {
  return Math.floor(sequence / partitions) * producers + producer - 1;
}

function writeProducer(
  writer: HistoryWriter,
  { producer, each, offsetOf }: Part & { readonly producer: number },
): void {
  for (let from = 0; from < each; from += batch) {
    const to = Math.min(each, from + batch);
    for (let sequence = from; sequence < to; sequence++) {
      writer.invoke(producer, sequence, sequence % keys, sequence * gapNanos, sequence * gapNanos);
    }
    for (let sequence = from; sequence < to; sequence++) {
      const time = to * gapNanos + serviceNanos;
      writer.complete(
        producer,
        sequence,
        'ok',
        sequence % partitions,
        offsetOf(rankOf(producer, sequence)),
        1,
        time,
      );
    }
    writer.flush();
  }
  writer.close();
}

/** Visits the records of a partition in order. */
function walk(
  partition: number,
  each: number,
  visit: (producer: number, sequence: number, rank: number) => void,
): void {
  const ranks = (each / partitions) * producers;
  for (let rank = 0; rank < ranks; rank++) {
    visit((rank % producers) + 1, Math.floor(rank / producers) * partitions + partition, rank);
  }
}

function writeConsumer(
  writer: HistoryWriter,
  { consumer, each, offsetOf }: Part & { readonly consumer: number },
): void {
  for (let partition = consumer - 1; partition < partitions; partition += consumers) {
    writer.position('assigned', consumer, partition, offsetOf(0), 0);
    walk(partition, each, (producer, sequence, rank) => {
      const offset = offsetOf(rank);
      const time = sequence * gapNanos + 2 * serviceNanos;
      writer.delivery(
        consumer,
        partition,
        offset,
        EntryFlag.intact,
        producer,
        sequence,
        sequence % keys,
        sequence * gapNanos,
        time,
      );
      if (rank % batch === batch - 1) writer.ack(consumer, partition, offset, time);
    });
  }
  writer.close();
}

function writeReader(writer: HistoryWriter, { each, offsetOf }: Part): void {
  for (let partition = 0; partition < partitions; partition++) {
    let last = -1;
    walk(partition, each, (producer, sequence, rank) => {
      last = offsetOf(rank);
      writer.read(0, partition, last, EntryFlag.intact, producer, sequence, sequence % keys);
    });
    const end = { type: 'read-end', node: 0, partition, complete: true, reason: '' } as const;
    writer.event({ ...end, startOffset: offsetOf(0), endOffset: last + 1 });
  }
  writer.close();
}
