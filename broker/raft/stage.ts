import { assert } from '../assert.ts';
import { Raft } from './raft.ts';
import type { RaftOptions } from './raft.ts';
import type { Entry, HardState, Message, NodeId, RaftLog, Ready, Snapshot } from './types.ts';

/** A log in memory; `keptFrom` plays the part of what a real one has on disk only. */
export class StageLog implements RaftLog {
  firstIndex = 1;
  markTerm = 0;
  entries: Entry[] = [];
  keptFrom = 1;

  get lastIndex(): number {
    return this.firstIndex + this.entries.length - 1;
  }

  termAt(index: number): number | undefined {
    if (index === this.firstIndex - 1) return this.markTerm;
    return this.entries[index - this.firstIndex]?.term;
  }

  entriesInMemory(from: number, bytesMax: number): readonly Entry[] | undefined {
    if (from < this.keptFrom) return undefined;
    const start = from - this.firstIndex;
    let end = start;
    for (let bytes = 0; end < this.entries.length; end++) {
      bytes += this.entries[end]!.bytes.length;
      if (bytes > bytesMax && end > start) break;
    }
    return this.entries.slice(start, end);
  }

  truncateAfter(index: number): void {
    this.entries.length = index + 1 - this.firstIndex;
  }

  /** Drops everything up to `index`, as behind a snapshot. */
  compact(index: number): void {
    this.markTerm = this.termAt(index)!;
    this.entries = this.entries.slice(index + 1 - this.firstIndex);
    this.firstIndex = index + 1;
  }
}

interface Actor {
  raft: Raft;
  readonly log: StageLog;
  hardState: HardState;
  applied: string[];
  snapshot: Snapshot;
  /** Appended and not persisted are told apart only while this is set. */
  holdsPersist: boolean;
  last: string;
}

/**
 * Plays a group of replicas by hand, in memory, and writes down what they say: the transcripts
 * under `testdata/` are its output. Nothing happens by itself; each call is one line of the script.
 */
export class Stage {
  readonly #voters: readonly NodeId[];
  readonly #mayForget: boolean;
  readonly #actors = new Map<NodeId, Actor>();
  readonly #cut = new Set<NodeId>();
  #lost: Message['type'] | undefined;
  #wire: Message[] = [];
  #lines: string[] = [];

  constructor(options: { readonly voters?: readonly NodeId[]; readonly mayForget?: boolean } = {}) {
    this.#voters = options.voters ?? [1, 2, 3];
    this.#mayForget = options.mayForget ?? false;
    const hardState = { term: 0, vote: 0, incarnation: 1 };
    for (const id of this.#voters) this.#start(id, new StageLog(), hardState);
  }

  get transcript(): string {
    return this.#lines.join('\n') + '\n';
  }

  raft(id: NodeId): Raft {
    return this.#actor(id).raft;
  }

  log(id: NodeId): StageLog {
    return this.#actor(id).log;
  }

  applied(id: NodeId): readonly string[] {
    return this.#actor(id).applied;
  }

  say(line: string): void {
    this.#lines.push(`# ${line}`);
  }

  tick(id: NodeId, elapsedMs: number): void {
    this.#lines.push(`> ${id} ticks ${elapsedMs} ms`);
    this.raft(id).tick(elapsedMs);
    this.#turn(id);
  }

  propose(id: NodeId, ...texts: readonly string[]): void {
    this.#lines.push(`> ${id} is asked to append ${texts.join(', ')}`);
    for (const text of texts) this.raft(id).propose(Buffer.from(text));
    this.#turn(id);
  }

  read(id: NodeId, token: number): void {
    this.#lines.push(`> ${id} is asked for read ${token}`);
    this.raft(id).readIndex(token);
    this.#turn(id);
  }

  step(message: Message): void {
    this.#lines.push(`> ${describe(message)}`);
    this.raft(message.to).step(message);
    this.#turn(message.to);
  }

  /** Delivers what is on the wire, and what that brings about, until it is silent. */
  deliver(): void {
    for (let message = this.#wire.shift(); message !== undefined; message = this.#wire.shift()) {
      const cut = this.#cut.has(message.from) || this.#cut.has(message.to);
      const lost = cut || message.type === this.#lost;
      this.#lines.push(`${describe(message)}${lost ? '  (lost)' : ''}`);
      if (lost) continue;
      this.raft(message.to).step(message);
      this.#turn(message.to);
    }
  }

  /** What is on the wire is lost. */
  dropWire(): Message[] {
    const dropped = this.#wire;
    this.#wire = [];
    return dropped;
  }

  isolate(id: NodeId): void {
    this.#lines.push(`> ${id} is cut off`);
    this.#cut.add(id);
  }

  /** Until the network heals. */
  lose(type: Message['type']): void {
    this.#lines.push(`> whatever says ${type} is lost`);
    this.#lost = type;
  }

  heal(): void {
    this.#lines.push('> the network heals');
    this.#cut.clear();
    this.#lost = undefined;
  }

  /** From now on nothing that `id` appends is persisted until `persist`. */
  holdPersist(id: NodeId): void {
    this.#actor(id).holdsPersist = true;
  }

  persist(id: NodeId, index = this.log(id).lastIndex): void {
    this.#lines.push(`> ${id} has persisted ${index}`);
    this.raft(id).persisted(index);
    this.#turn(id);
  }

  compact(id: NodeId, index: number): void {
    const actor = this.#actor(id);
    this.#lines.push(`> ${id} drops its log up to ${index}`);
    const data = Buffer.from(actor.applied.slice(0, index).join(' '));
    actor.snapshot = { mark: { index, term: actor.log.termAt(index)! }, data };
    actor.log.compact(index);
  }

  restart(id: NodeId, options: { readonly lastIndex?: number } = {}): void {
    const actor = this.#actor(id);
    const lastIndex = options.lastIndex ?? actor.log.lastIndex;
    this.#lines.push(`> ${id} restarts with its log up to ${lastIndex}`);
    actor.log.truncateAfter(lastIndex);
    const { term, vote, incarnation } = actor.hardState;
    this.#start(id, actor.log, { term, vote, incarnation: incarnation + 1 });
  }

  /** Silence until `id` campaigns, then delivers until all is said. */
  elect(id: NodeId): void {
    for (const { raft } of this.#actors.values()) {
      for (let tick = 0; tick < 10 && raft.role === 'follower' && raft.id !== id; tick++) {
        raft.tick(10);
      }
    }
    for (let tick = 0; tick < 100 && this.raft(id).role === 'follower'; tick++) {
      this.raft(id).tick(10);
    }
    this.#lines.push(`> silence, until ${id} campaigns`);
    this.#turn(id);
    this.deliver();
  }

  /** As `elect`, told in one line. */
  begin(id: NodeId): void {
    const lines = this.#lines.length;
    this.elect(id);
    this.#lines.length = lines;
    this.say(`${id} leads in term ${this.raft(id).term}; all have its first entry`);
  }

  #start(id: NodeId, log: StageLog, hardState: HardState): void {
    let draw = id;
    const options: RaftOptions = {
      id,
      voters: this.#voters,
      log,
      hardState,
      commitIndex: log.firstIndex - 1,
      persistedIndex: log.lastIndex,
      // A different timeout for each node and draw, the same in each run.
      random: { unit: () => ((draw = (draw * 7 + 3) % 29), draw / 29) },
      electionTimeoutMs: 100,
      heartbeatMs: 20,
      mayForget: this.#mayForget,
      noop: ({ term }) => Buffer.from(`noop-${term}`),
    };
    const before = this.#actors.get(id);
    const snapshot = before?.snapshot ?? { mark: { index: 0, term: 0 }, data: Buffer.alloc(0) };
    const texts = snapshot.data.toString();
    this.#actors.set(id, {
      raft: new Raft(options),
      log,
      hardState,
      applied: texts === '' ? [] : texts.split(' '),
      snapshot,
      holdsPersist: false,
      last: '',
    });
  }

  #actor(id: NodeId): Actor {
    const actor = this.#actors.get(id);
    assert(actor !== undefined, `there is no node ${id}`);
    return actor;
  }

  /** What a shell does, with a disk that is as fast as thought. */
  #turn(id: NodeId): void {
    const actor = this.#actor(id);
    const { raft, log } = actor;
    while (raft.hasWork) {
      const state = raft.unsyncedHardState;
      if (state !== undefined) {
        actor.hardState = state;
        raft.syncedHardState(state);
      }
      const snapshot = raft.waitingSnapshot;
      if (snapshot !== undefined) {
        log.entries = [];
        log.firstIndex = snapshot.mark.index + 1;
        log.markTerm = snapshot.mark.term;
        actor.snapshot = snapshot;
        const texts = snapshot.data.toString();
        actor.applied = texts === '' ? [] : texts.split(' ');
        raft.installed(snapshot.mark);
      }
      this.#carryOut(id, actor, raft.ready());
    }
    const role = `${id} is ${raft.role} in term ${raft.term}`;
    const now = `${role}, commit ${raft.commitIndex}, last ${log.lastIndex}`;
    if (now !== actor.last) this.#lines.push(`  ${now}`);
    actor.last = now;
  }

  #carryOut(id: NodeId, actor: Actor, ready: Ready): void {
    const { raft, log } = actor;
    const first = ready.entries[0];
    if (first !== undefined) {
      if (first.index <= log.lastIndex) {
        this.#lines.push(`  ${id} cuts its log after ${first.index - 1}`);
        log.truncateAfter(first.index - 1);
        actor.applied.length = Math.min(actor.applied.length, first.index - 1);
      }
      log.entries.push(...ready.entries);
      if (!actor.holdsPersist) raft.persisted(log.lastIndex);
    }
    this.#wire.push(...ready.messages);
    for (let index = actor.applied.length + 1; index <= ready.commitIndex; index++) {
      actor.applied.push(log.entries[index - log.firstIndex]!.bytes.toString());
    }
    for (const read of ready.reads) {
      this.#lines.push(`  ${id} answers read ${read.token} at ${read.index}`);
    }
    for (const load of ready.loads) {
      if (load.kind === 'snapshot') raft.loadedSnapshot(load.to, actor.snapshot);
      else raft.loaded(load.to, load.from, log.entries.slice(load.from - log.firstIndex));
    }
  }
}

function describe(message: Message): string {
  const head = `${message.from} -> ${message.to} ${message.type} term ${message.term}`;
  switch (message.type) {
    case 'pre-vote':
    case 'vote':
      return `${head}, log ends at ${message.lastTerm}/${message.lastIndex}`;
    case 'pre-vote-response':
    case 'vote-response':
      return `${head}, ${message.granted ? 'granted' : 'refused'}`;
    case 'append': {
      const texts = message.entries.map((entry) => `${entry.term}/${entry.index} ${entry.bytes}`);
      const what = texts.length === 0 ? 'nothing' : texts.join(', ');
      const after = `${message.prevTerm}/${message.prevIndex}`;
      const { round, commitIndex } = message;
      return `${head}, round ${round}, after ${after}: ${what}; commit ${commitIndex}`;
    }
    case 'append-response': {
      const hint = `${message.hintTerm}/${message.hintIndex}`;
      const what = message.rejected ? `no ${message.index}, try ${hint}` : `has ${message.index}`;
      return `${head}, round ${message.round}, ${what}`;
    }
    case 'snapshot':
      return `${head}, at ${message.mark.term}/${message.mark.index}`;
    case 'timeout-now':
      return head;
  }
}
