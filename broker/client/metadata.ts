import type { Requests, TopicInfo } from '../protocol/api.ts';

export interface KnownLeader {
  /** Node id; 0 = none known in `term`. */
  readonly leader: number;
  readonly term: number;
}

export type MetadataAnswer = Requests['metadata']['response'];

/**
 * What a client knows of the cluster, merged from the answers of several nodes that may disagree:
 * of two opinions on a partition's leader the one of the higher term wins, since a term has one
 * leader; in the same term a name beats "unknown".
 */
export class MetadataCache {
  /** Node id -> client address. */
  readonly nodes = new Map<number, string>();
  readonly #addressOf: (nodeId: number, advertised: string) => string;
  readonly #topics = new Map<string, TopicInfo>();
  readonly #leaders = new Map<number, KnownLeader[]>();
  #coordinator = 0;

  /** `addressOf`: where this client reaches a node, whatever address the node gives out. */
  constructor(addressOf?: (nodeId: number, advertised: string) => string) {
    this.#addressOf = addressOf ?? ((_, advertised) => advertised);
  }

  /** As last heard; 0 = unknown. */
  get coordinator(): number {
    return this.#coordinator;
  }

  topic(name: string): TopicInfo | undefined {
    return this.#topics.get(name);
  }

  leader(topicId: number, partition: number): KnownLeader {
    return this.#leaders.get(topicId)?.[partition] ?? { leader: 0, term: 0 };
  }

  /** A node said that it does not coordinate; the next answer that names one is believed. */
  forgetCoordinator(nodeId: number): void {
    if (this.#coordinator === nodeId) this.#coordinator = 0;
  }

  /** True when something that matters to a waiting request is new. */
  merge(answer: MetadataAnswer): boolean {
    let changed = false;
    for (const { id, address: advertised } of answer.nodes) {
      const address = this.#addressOf(id, advertised);
      changed ||= this.nodes.get(id) !== address;
      this.nodes.set(id, address);
    }
    if (answer.coordinator !== 0 && answer.coordinator !== this.#coordinator) {
      this.#coordinator = answer.coordinator;
      changed = true;
    }
    for (const topic of answer.topics) {
      changed ||= !this.#topics.has(topic.config.name);
      this.#topics.set(topic.config.name, topic);
      const leaders = this.#leaders.get(topic.topicId) ?? [];
      this.#leaders.set(topic.topicId, leaders);
      for (const { partition, leader, term } of topic.partitions) {
        const known = leaders[partition];
        const newer = known === undefined || term > known.term;
        if (newer || (term === known.term && known.leader === 0 && leader !== 0)) {
          leaders[partition] = { leader, term };
          changed = true;
        }
      }
    }
    return changed;
  }
}
