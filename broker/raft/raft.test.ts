import { describe, expect, test } from 'vitest';
import { Raft } from './raft.ts';
import type { RaftOptions } from './raft.ts';
import { Stage, StageLog } from './stage.ts';
import type { Message, Ready } from './types.ts';

/** A node with a disk that is as fast as thought; `turn` gives what it wants to say. */
function node(options: Partial<RaftOptions> & { readonly terms?: readonly number[] } = {}) {
  const log = new StageLog();
  (options.terms ?? []).forEach((term, at) => {
    log.entries.push({ term, index: at + 1, bytes: Buffer.from('x') });
  });
  const lastTerm = options.terms?.at(-1) ?? 0;
  const raft = new Raft({
    id: 1,
    voters: [1, 2, 3],
    log,
    hardState: { term: lastTerm, vote: 0, incarnation: 1 },
    commitIndex: 0,
    persistedIndex: log.lastIndex,
    random: { unit: () => 0.5 },
    electionTimeoutMs: 100,
    heartbeatMs: 20,
    mayForget: false,
    noop: () => Buffer.from('noop'),
    ...options,
  });
  const readies: Ready[] = [];
  const turn = (): Message[] => {
    const said: Message[] = [];
    while (raft.hasWork) {
      if (raft.unsyncedHardState !== undefined) raft.syncedHardState(raft.unsyncedHardState);
      const ready = raft.ready();
      readies.push(ready);
      said.push(...ready.messages);
      const first = ready.entries[0];
      if (first === undefined) continue;
      if (first.index <= log.lastIndex) log.truncateAfter(first.index - 1);
      log.entries.push(...ready.entries);
      raft.persisted(log.lastIndex);
    }
    return said;
  };
  return { raft, log, readies, turn };
}

const fromPeer = { from: 2, to: 1 } as const;

/** A node that was voted into office by node 2. */
function leader(options: Parameters<typeof node>[0] = {}) {
  const made = node(options);
  for (let tick = 0; made.raft.role === 'follower' && tick < 100; tick++) made.raft.tick(10);
  const { term } = made.raft;
  made.turn();
  made.raft.step({ ...fromPeer, type: 'pre-vote-response', term: term + 1, granted: true });
  made.turn();
  made.raft.step({ ...fromPeer, type: 'vote-response', term: term + 1, granted: true });
  const said = made.turn();
  expect(made.raft.role).toBe('leader');
  return { ...made, term: term + 1, said };
}

function has(term: number, index: number, incarnation = 1): Message {
  const rest = { round: 1, rejected: false, hintIndex: 0, hintTerm: 0 };
  return { ...fromPeer, type: 'append-response', term, incarnation, index, ...rest };
}

function append(fields: Partial<Extract<Message, { type: 'append' }>>): Message {
  const rest = { term: 1, prevIndex: 0, prevTerm: 0, commitIndex: 0, round: 1, entries: [] };
  return { ...fromPeer, type: 'append', ...rest, ...fields };
}

function entry(term: number, index: number) {
  return { term, index, bytes: Buffer.from(`${term}/${index}`) };
}

function voteRequest(fields: Partial<Extract<Message, { type: 'pre-vote' | 'vote' }>>): Message {
  return { ...fromPeer, type: 'vote', term: 5, lastIndex: 9, lastTerm: 4, ...fields };
}

describe('a leader that cannot store what it is given', () => {
  const rest = { type: 'append-response', rejected: false, hintIndex: 0, hintTerm: 0 } as const;

  test('leads until what it has is committed by others, and then lets go', () => {
    const stage = new Stage();
    stage.begin(1);
    const raft = stage.raft(1);
    stage.holdPersist(1);
    stage.propose(1, 'a');
    raft.reluctant = true;
    const { term, lastIndex: index } = raft;
    const has = { ...rest, to: 1, term, incarnation: 1, round: 1, index };
    raft.step({ ...has, from: 2 });
    raft.tick(10);
    expect(raft.role).toBe('leader');
    raft.step({ ...has, from: 3 });
    raft.tick(10);
    expect(raft.role).toBe('follower');
  });
});

describe('votes', () => {
  test('a voter gives one vote per term, and the same one again when asked again', () => {
    const { raft, turn } = node();
    raft.step(voteRequest({ from: 2 }));
    expect(turn()).toMatchObject([{ to: 2, granted: true }]);
    raft.step(voteRequest({ from: 3 }));
    raft.step(voteRequest({ from: 2 }));
    expect(turn()).toMatchObject([
      { to: 3, granted: false },
      { to: 2, granted: true },
    ]);
    expect(raft.hardState).toMatchObject({ term: 5, vote: 2 });
  });

  test('the vote is in the hard state before the answer goes out', () => {
    const { raft } = node();
    raft.step(voteRequest({}));
    expect(raft.unsyncedHardState).toMatchObject({ term: 5, vote: 2 });
    expect(() => raft.ready()).toThrow('synced first');
  });

  test('a candidate whose log is behind gets no vote: by last term first, then by length', () => {
    const cases = [
      { lastTerm: 2, lastIndex: 9, granted: false },
      { lastTerm: 3, lastIndex: 2, granted: false },
      { lastTerm: 3, lastIndex: 3, granted: true },
      { lastTerm: 4, lastIndex: 1, granted: true },
    ];
    for (const { granted, ...last } of cases) {
      for (const type of ['vote', 'pre-vote'] as const) {
        const { raft, turn } = node({ terms: [1, 3, 3] });
        raft.step(voteRequest({ type, ...last }));
        expect(turn()).toMatchObject([{ granted }]);
      }
    }
  });

  test('who hears a leader helps nobody to depose it, and keeps its own term', () => {
    const { raft, turn } = node();
    raft.step(append({ term: 1 }));
    turn();
    raft.step(voteRequest({ type: 'pre-vote' }));
    raft.step(voteRequest({ type: 'vote' }));
    expect(turn()).toMatchObject([{ type: 'pre-vote-response', granted: false, term: 1 }]);
    expect(raft.term).toBe(1);
  });

  test('pre-votes of an earlier campaign do not elect', () => {
    const { raft, turn } = node({ terms: [1] });
    for (let tick = 0; tick < 30; tick++) raft.tick(10);
    turn();
    raft.step({ ...fromPeer, type: 'pre-vote-response', term: 1, granted: true });
    turn();
    expect(raft.role).toBe('pre-candidate');
  });

  test('one long tick is a nap of this node, no reason to campaign', () => {
    const { raft, turn } = node();
    raft.step(append({ term: 1 }));
    turn();
    raft.tick(60_000);
    expect(raft.role).toBe('follower');
  });

  test('a higher term in any answer ends a leadership', () => {
    const { raft, term, turn } = leader();
    raft.step(has(term + 1, 0));
    turn();
    expect(raft.role).toBe('follower');
    expect(raft.term).toBe(term + 1);
  });

  test('a sole voter leads at its first tick and commits what it has persisted', () => {
    const { raft, turn } = node({ voters: [1] });
    raft.tick(1);
    expect(turn()).toEqual([]);
    raft.propose(Buffer.from('a'));
    turn();
    expect(raft.commitIndex).toBe(2);
    raft.tick(60_000);
    expect(raft.role).toBe('leader');
  });
});

describe('replication', () => {
  test('thousands of proposals leave in one Ready, in one append per follower', () => {
    const { raft, term, turn } = leader();
    raft.step(has(term, 1));
    turn();
    for (let count = 0; count < 5_000; count++) raft.propose(Buffer.from('abc'));
    const appends = turn().filter((message) => message.type === 'append' && message.to === 2);
    expect(appends).toHaveLength(1);
    expect(appends[0]).toMatchObject({ prevIndex: 1, entries: { length: 5_000 } });
  });

  test('the window bounds what is on its way, in messages and in bytes', () => {
    for (const limits of [{ inFlightMessagesMax: 3 }, { inFlightBytesMax: 25 }]) {
      const { raft, term, turn } = leader({ limits: { appendBytesMax: 10, ...limits } });
      raft.step(has(term, 1));
      turn();
      for (let count = 0; count < 20; count++) raft.propose(Buffer.alloc(10));
      const appends = (): Message[] => turn().filter(({ to }) => to === 2);
      expect(appends()).toHaveLength(3);
      raft.step(has(term, 3));
      expect(appends()).toHaveLength(2);
    }
  });

  test('an entry of an earlier term is not committed by counting its copies (figure 8)', () => {
    const { raft, term, turn } = leader({ terms: [1, 2] });
    raft.step(has(term, 2));
    turn();
    expect(raft.commitIndex).toBe(0);
    raft.step(has(term, 3));
    turn();
    expect(raft.commitIndex).toBe(3);
  });

  test('what is on disk only is asked for, and sent once it is there', () => {
    const { raft, log, readies, term, turn } = leader({ terms: [1, 1, 1, 1] });
    log.keptFrom = 4;
    const no = { index: 4, rejected: true, hintIndex: 1, hintTerm: 1 };
    raft.step({ ...(has(term, 0) as Extract<Message, { type: 'append-response' }>), ...no });
    expect(turn()).toEqual([]);
    expect(readies.at(-1)?.loads).toEqual([{ kind: 'entries', to: 2, from: 2 }]);
    raft.loaded(2, 2, log.entries.slice(1, 3));
    expect(turn()).toMatchObject([{ type: 'append', prevIndex: 1, entries: { length: 2 } }]);
  });

  test('a follower that differs before the start of the log gets a snapshot', () => {
    const { raft, log, readies, term, turn } = leader({ terms: [1, 2, 2, 2] });
    log.compact(3);
    const no = { ...has(term, 4), rejected: true, hintIndex: 4, hintTerm: 1 } as Message;
    raft.step(no);
    expect(turn()).toEqual([]);
    expect(readies.at(-1)?.loads).toMatchObject([{ kind: 'snapshot', to: 2 }]);
    const snapshot = { mark: { index: 3, term: 2 }, data: Buffer.from('state') };
    raft.loadedSnapshot(2, snapshot);
    expect(turn()).toMatchObject([{ type: 'snapshot', to: 2, mark: { index: 3 } }]);
    raft.step(has(term, 3));
    expect(turn()).toMatchObject([{ type: 'append', prevIndex: 3, entries: { length: 2 } }]);
  });

  test('answers of an earlier life of a follower are ignored', () => {
    const { raft, term, turn } = leader();
    raft.propose(Buffer.from('a'));
    turn();
    raft.step(has(term, 0, 2));
    raft.step(has(term, 2, 1));
    turn();
    expect(raft.commitIndex).toBe(0);
    raft.step(has(term, 2, 2));
    expect(raft.commitIndex).toBe(2);
  });

  test('an append that was overtaken by a later one changes nothing', () => {
    const { raft, log, turn } = node();
    raft.step(append({ entries: [entry(1, 1), entry(1, 2), entry(1, 3)], commitIndex: 3 }));
    turn();
    raft.step(append({ entries: [entry(1, 1)], commitIndex: 1 }));
    expect(turn()).toMatchObject([{ rejected: false, index: 3 }]);
    expect(log.lastIndex).toBe(3);
    expect(raft.commitIndex).toBe(3);
  });

  test('the commit index never passes what is known to match the leader', () => {
    const { raft, turn } = node({ terms: [1, 1, 1] });
    raft.step(append({ term: 2, prevIndex: 1, prevTerm: 1, commitIndex: 3 }));
    turn();
    expect(raft.commitIndex).toBe(1);
  });

  test('a hint skips a whole conflicting term', () => {
    const { raft, turn } = node({ terms: [1, 2, 2, 2, 2] });
    raft.step(append({ term: 3, prevIndex: 4, prevTerm: 1 }));
    expect(turn()).toMatchObject([{ rejected: true, index: 4, hintIndex: 1, hintTerm: 1 }]);
  });

  test('a cut below the commit index is legal only where the log may forget', () => {
    const cut = append({ term: 2, prevIndex: 0, prevTerm: 0, entries: [entry(2, 1)] });
    const strict = node({ terms: [1, 1], commitIndex: 2 });
    expect(() => strict.raft.step(cut)).toThrow('what is committed is never cut');
    const lenient = node({ terms: [1, 1], commitIndex: 2, mayForget: true });
    lenient.raft.step(cut);
    lenient.turn();
    expect(lenient.raft.commitIndex).toBe(0);
    expect(lenient.log.entries.map(({ term }) => term)).toEqual([2]);
  });

  test('a report of entries that have been cut meanwhile does not count', () => {
    const { raft, log, turn } = node({ terms: [1, 1, 1], persistedIndex: 1 });
    raft.step(append({ term: 2, prevIndex: 1, prevTerm: 1, entries: [entry(2, 2)] }));
    raft.persisted(3);
    if (raft.unsyncedHardState !== undefined) raft.syncedHardState(raft.unsyncedHardState);
    expect(raft.ready().messages).toMatchObject([{ index: 1 }]);
    log.truncateAfter(1);
    log.entries.push(entry(2, 2));
    raft.persisted(2);
    expect(turn()).toMatchObject([{ index: 2 }]);
  });
});

describe('reads', () => {
  test('a new leader answers only once an entry of its own term is committed', () => {
    const { raft, readies, term, turn } = leader({ terms: [1] });
    raft.readIndex(9);
    turn();
    expect(readies.flatMap(({ reads }) => reads)).toEqual([]);
    raft.step({ ...has(term, 2), round: 1 } as Message);
    turn();
    expect(readies.flatMap(({ reads }) => reads)).toEqual([]);
    raft.step({ ...has(term, 2), round: 2 } as Message);
    turn();
    expect(readies.flatMap(({ reads }) => reads)).toMatchObject([{ token: 9, index: 2 }]);
  });

  test('answers of a round before the read do not count', () => {
    const { raft, readies, term, turn } = leader();
    raft.step(has(term, 1));
    turn();
    raft.readIndex(1);
    turn();
    raft.step({ ...has(term, 1), round: 1 } as Message);
    turn();
    expect(readies.flatMap(({ reads }) => reads)).toEqual([]);
    raft.step({ ...has(term, 1), round: 2 } as Message);
    turn();
    expect(readies.flatMap(({ reads }) => reads)).toMatchObject([{ token: 1, index: 1 }]);
  });
});
