import { BrokerError } from '../errors.ts';
import type { Raft } from '../raft/raft.ts';
import type { Entry, Load } from '../raft/types.ts';
import type { Applier } from './applier.ts';
import type { ReplicaLog } from './replica-log.ts';
import { packSnapshot } from './snapshot-frame.ts';

const loadBytesMax = 512 * 1024;

/** Fetches from disk what the core wants for a peer and does not find in memory. */
export class PeerLoads {
  readonly #log: ReplicaLog;
  readonly #applier: Applier;
  readonly #raft: Raft;

  constructor(parts: { readonly log: ReplicaLog; readonly applier: Applier; readonly raft: Raft }) {
    this.#log = parts.log;
    this.#applier = parts.applier;
    this.#raft = parts.raft;
  }

  /** Resolves once the core has its answer. */
  serve(load: Load): Promise<void> {
    return load.kind === 'entries' ? this.#entries(load) : this.#snapshot(load);
  }

  async #entries(load: Load): Promise<void> {
    const { firstIndex, lastIndex } = this.#log;
    let entries: readonly Entry[] = [];
    if (load.from >= firstIndex && load.from <= lastIndex) {
      entries = await this.#log.loadEntries(load.from, loadBytesMax).catch(noneIfDropped);
    }
    this.#raft.loaded(load.to, load.from, entries);
  }

  async #snapshot(load: Load): Promise<void> {
    const { mark, nextOffset, data } = await this.#applier.latestSnapshot(this.#log.lastIndex);
    this.#raft.loadedSnapshot(load.to, { mark, data: packSnapshot(nextOffset, data) });
  }
}

/** Retention may overtake a read; the core then turns to a snapshot. */
function noneIfDropped(error: unknown): [] {
  if (error instanceof BrokerError && error.code === 'offset-out-of-range') return [];
  throw error;
}
