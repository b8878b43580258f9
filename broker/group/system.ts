import { assert } from '../assert.ts';
import type { TopicConfig } from '../protocol/api.ts';
import { BatchKind } from '../protocol/batch.ts';
import type { Entry } from '../raft/types.ts';
import type { StateMachine } from '../server/state-machine.ts';
import {
  decodeSystemCommand,
  type GroupMember,
  type SystemCommand,
  type SystemResult,
} from './commands.ts';

export interface Topic {
  /** From 1, never used again. */
  readonly topicId: number;
  readonly config: TopicConfig;
  /** Node ids per partition; the first is where the leader should be. */
  readonly placement: readonly (readonly number[])[];
}

export interface ConsumerGroup {
  readonly group: string;
  /** Rises by one with each assignment and is kept when the last member left. */
  readonly generation: number;
  readonly topic: string;
  readonly members: readonly GroupMember[];
}

export interface SystemLimits {
  /** Producer ids whose epoch is remembered; beyond it the one used least lately is forgotten. */
  readonly producersMax: number;
}

export const systemLimits: SystemLimits = { producersMax: 100_000 };
const epochMax = 0x7fff_ffff;

/**
 * What belongs to no partition: topics and where their replicas are, producer ids and epochs, and
 * the groups' members, generations and assignments. The nodes themselves are static configuration.
 */
export class SystemMachine implements StateMachine {
  /** Called for each command as it is applied, on each replica; the leader answers with it. */
  onResult: (index: number, result: SystemResult) => void = () => {};

  readonly #limits: SystemLimits;
  readonly #topics = new Map<number, Topic>();
  readonly #topicIds = new Map<string, number>();
  /** Id -> epoch, in order of last use. */
  readonly #producers = new Map<number, number>();
  readonly #groups = new Map<string, ConsumerGroup>();
  #nextTopicId = 1;
  #nextProducerId = 1;
  #appliedIndex = 0;

  constructor(limits: SystemLimits = systemLimits) {
    assert(limits.producersMax >= 1, 'producersMax must be at least 1');
    this.#limits = limits;
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** In order of their ids. */
  topics(): IterableIterator<Topic> {
    return this.#topics.values();
  }

  topic(topicId: number): Topic | undefined {
    return this.#topics.get(topicId);
  }

  topicNamed(name: string): Topic | undefined {
    const topicId = this.#topicIds.get(name);
    return topicId === undefined ? undefined : this.#topics.get(topicId);
  }

  /** The id that the next topic will get: where its placement should start. */
  get nextTopicId(): number {
    return this.#nextTopicId;
  }

  groups(): IterableIterator<ConsumerGroup> {
    return this.#groups.values();
  }

  group(name: string): ConsumerGroup | undefined {
    return this.#groups.get(name);
  }

  get groupCount(): number {
    return this.#groups.size;
  }

  apply(entry: Entry): void {
    assert(entry.index > this.#appliedIndex, 'entry applied twice or out of order');
    this.#appliedIndex = entry.index;
    if (entry.bytes.readUInt8(37) !== BatchKind.system) return;
    this.onResult(entry.index, this.#execute(decodeSystemCommand(entry.bytes)));
  }

  #execute(command: SystemCommand): SystemResult {
    switch (command.type) {
      case 'create-topic':
        return this.#createTopic(command.config, command.placement);
      case 'init-producer':
        return this.#initProducer(command.producerId);
      case 'set-group':
        return this.#setGroup(command);
    }
  }

  #createTopic(config: TopicConfig, placement: readonly (readonly number[])[]): SystemResult {
    const known = this.#topicIds.get(config.name);
    if (known !== undefined) return { type: 'topic', topicId: known, created: false };
    const topicId = this.#nextTopicId++;
    this.#addTopic({ topicId, config, placement });
    return { type: 'topic', topicId, created: true };
  }

  #addTopic(topic: Topic): void {
    assert(topic.placement.length === topic.config.partitions, 'placement misses a partition');
    this.#topics.set(topic.topicId, topic);
    this.#topicIds.set(topic.config.name, topic.topicId);
  }

  /** An id that is unknown (forgotten) or out of epochs gets a new one: it fences nobody. */
  #initProducer(asked: number): SystemResult {
    const epochBefore = this.#producers.get(asked);
    const raise = epochBefore !== undefined && epochBefore < epochMax;
    const producerId = raise ? asked : this.#nextProducerId++;
    const epoch = raise ? epochBefore + 1 : 0;
    this.#producers.delete(asked);
    this.#producers.set(producerId, epoch);
    if (this.#producers.size > this.#limits.producersMax) {
      for (const oldest of this.#producers.keys()) {
        this.#producers.delete(oldest);
        break;
      }
    }
    return { type: 'producer', producerId, epoch };
  }

  #setGroup(command: SystemCommand & { readonly type: 'set-group' }): SystemResult {
    const { group, generation, topic, members } = command;
    const current = this.#groups.get(group)?.generation ?? 0;
    if (generation !== current + 1) return { type: 'group', applied: false, generation: current };
    this.#groups.set(group, { group, generation, topic, members });
    return { type: 'group', applied: true, generation };
  }

  /** Topics by id and groups by name; producers stay in order of use, which is the log's. */
  snapshot(): Buffer {
    const image: SystemImage = {
      version: 1,
      appliedIndex: this.#appliedIndex,
      nextTopicId: this.#nextTopicId,
      nextProducerId: this.#nextProducerId,
      topics: [...this.#topics.values()],
      producers: [...this.#producers],
      groups: [...this.#groups.values()].sort((left, right) => (left.group < right.group ? -1 : 1)),
    };
    return Buffer.from(JSON.stringify(image), 'utf8');
  }

  restore(snapshot: Buffer | undefined): void {
    for (const part of [this.#topics, this.#topicIds, this.#producers, this.#groups]) part.clear();
    this.#nextTopicId = 1;
    this.#nextProducerId = 1;
    this.#appliedIndex = 0;
    if (snapshot === undefined) return;
    const image = JSON.parse(snapshot.toString('utf8')) as SystemImage;
    assert(image.version === 1, `system snapshot of unknown version ${image.version}`);
    for (const topic of image.topics) this.#addTopic(topic);
    for (const [producerId, epoch] of image.producers) this.#producers.set(producerId, epoch);
    for (const group of image.groups) this.#groups.set(group.group, group);
    this.#nextTopicId = image.nextTopicId;
    this.#nextProducerId = image.nextProducerId;
    this.#appliedIndex = image.appliedIndex;
  }
}

interface SystemImage {
  readonly version: number;
  readonly appliedIndex: number;
  readonly nextTopicId: number;
  readonly nextProducerId: number;
  readonly topics: readonly Topic[];
  readonly producers: readonly (readonly [number, number])[];
  readonly groups: readonly ConsumerGroup[];
}
