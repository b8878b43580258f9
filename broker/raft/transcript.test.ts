import { describe, expect, test } from 'vitest';
import { Stage } from './stage.ts';

function play(
  name: string,
  script: (stage: Stage) => void,
  options?: ConstructorParameters<typeof Stage>[0],
): void {
  test(name, async () => {
    const stage = new Stage(options);
    script(stage);
    const file = `./testdata/${name.replaceAll(/[^a-z]+/g, '-')}.txt`;
    await expect(stage.transcript).toMatchFileSnapshot(file);
  });
}

describe('transcripts of a group of three', () => {
  play('a fresh group elects its first voter at once', (stage) => {
    stage.tick(1, 5);
    stage.deliver();
    expect([1, 2, 3].map((id) => stage.raft(id).role)).toEqual(['leader', 'follower', 'follower']);
    expect(stage.applied(3)).toEqual(['noop-1']);
  });

  play('entries are pipelined and commit once a majority has persisted them', (stage) => {
    stage.begin(1);
    stage.holdPersist(1);
    stage.propose(1, 'a', 'b');
    stage.propose(1, 'c');
    stage.deliver();
    stage.say('two followers have it, so it is committed before the leader has persisted it');
    expect(stage.applied(1)).toEqual(['noop-1', 'a', 'b', 'c']);
    stage.persist(1);
    stage.deliver();
  });

  play('a leader counts itself only once its own log is persisted', (stage) => {
    stage.begin(1);
    stage.isolate(3);
    stage.holdPersist(1);
    stage.propose(1, 'a');
    stage.deliver();
    expect(stage.raft(1).commitIndex).toBe(1);
    stage.persist(1);
    stage.deliver();
    expect(stage.raft(1).commitIndex).toBe(2);
  });

  play('a follower that lags gets what it missed and learns what is committed', (stage) => {
    stage.begin(1);
    stage.isolate(3);
    stage.propose(1, 'a', 'b');
    stage.deliver();
    expect(stage.raft(1).commitIndex).toBe(3);
    stage.heal();
    stage.tick(1, 20);
    stage.deliver();
    expect(stage.applied(3)).toEqual(['noop-1', 'a', 'b']);
  });

  play('a deposed leader loses what was never committed', (stage) => {
    stage.begin(1);
    stage.isolate(1);
    stage.propose(1, 'lost-1', 'lost-2');
    stage.deliver();
    stage.elect(2);
    stage.propose(2, 'kept');
    stage.deliver();
    stage.heal();
    stage.tick(2, 20);
    stage.deliver();
    expect(stage.applied(1)).toEqual(['noop-1', 'noop-2', 'kept']);
  });

  play('an entry of an earlier term commits only with one of the own term', (stage) => {
    stage.begin(1);
    stage.propose(1, 'early');
    stage.dropWire();
    stage.say('only 1 has the entry; it restarts and leads again');
    stage.restart(1);
    stage.elect(1);
    expect(stage.applied(1)).toEqual(['noop-1', 'early', 'noop-2']);
  });

  play('pre-vote keeps a node that was cut off from disturbing the others', (stage) => {
    stage.begin(1);
    stage.isolate(3);
    for (let tick = 0; tick < 5; tick++) stage.tick(3, 40);
    stage.heal();
    stage.deliver();
    stage.tick(3, 40);
    stage.deliver();
    expect(stage.raft(1).role).toBe('leader');
    expect(stage.raft(1).term).toBe(1);
    stage.tick(1, 20);
    stage.deliver();
    expect(stage.raft(3).leader).toBe(1);
  });

  play('a leader without a majority steps down', (stage) => {
    stage.begin(1);
    stage.isolate(1);
    for (let tick = 0; tick < 5; tick++) stage.tick(1, 20);
    stage.deliver();
    expect(stage.raft(1).role).toBe('follower');
  });

  play('a leader that was paused steps down before it serves what waited', (stage) => {
    stage.begin(1);
    stage.tick(1, 5000);
    expect(stage.raft(1).role).toBe('follower');
    expect(stage.raft(1).leader).toBe(0);
  });

  play('a follower behind the start of the log gets a snapshot', (stage) => {
    stage.begin(1);
    stage.isolate(3);
    stage.propose(1, 'a', 'b', 'c');
    stage.deliver();
    stage.compact(1, 3);
    stage.heal();
    stage.tick(1, 20);
    stage.deliver();
    stage.propose(1, 'd');
    stage.deliver();
    expect(stage.applied(3)).toEqual(['noop-1', 'a', 'b', 'c', 'd']);
  });

  play(
    'a follower whose log came back shorter is filled up again',
    (stage) => {
      stage.begin(1);
      stage.propose(1, 'a', 'b');
      stage.deliver();
      stage.restart(3, { lastIndex: 1 });
      stage.propose(1, 'c');
      stage.deliver();
      stage.tick(1, 20);
      stage.deliver();
      expect(stage.applied(3)).toEqual(['noop-1', 'a', 'b', 'c']);
    },
    { mayForget: true },
  );

  play(
    'two voters forget, and what was committed is cut',
    (stage) => {
      stage.begin(1);
      stage.propose(1, 'a', 'b');
      stage.deliver();
      stage.isolate(1);
      stage.restart(2, { lastIndex: 1 });
      stage.restart(3, { lastIndex: 1 });
      stage.elect(2);
      stage.propose(2, 'x');
      stage.deliver();
      stage.heal();
      stage.tick(2, 20);
      stage.deliver();
      expect(stage.applied(1)).toEqual(['noop-1', 'noop-2', 'x']);
    },
    { mayForget: true },
  );

  play('a read waits for a round that a majority has answered', (stage) => {
    stage.begin(1);
    stage.isolate(3);
    stage.read(1, 7);
    stage.deliver();
  });
});

/**
 * Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", 2014, figure 8: why
 * a leader does not commit an entry of an earlier term by counting replicas. Every leader here
 * begins with a no-op, so the terms are one lower than in the figure, and 5 has two entries.
 */
describe('transcripts of a group of five, after figure 8 of the paper', () => {
  const voters = [1, 2, 3, 4, 5];

  /** The first campaign only tells the node which term it has missed. */
  const electAfterMissedTerm = (stage: Stage, id: number): void => {
    stage.elect(id);
    for (let tick = 0; tick < 6 && stage.raft(id).role === 'follower'; tick++) stage.tick(id, 40);
    stage.deliver();
  };

  /** Scenes a to c: an entry of term 1 is on three of five, and the leader of term 3 knows it. */
  const oldEntryOnMajority = (stage: Stage): void => {
    stage.begin(1);
    stage.say('(a) 1 leads, and only 2 gets its entry');
    for (const id of [3, 4, 5]) stage.isolate(id);
    stage.propose(1, 'old');
    stage.deliver();
    stage.say('(b) 1 is gone; 5 leads with the votes of 3 and 4, and nobody gets its entries');
    stage.heal();
    stage.isolate(1);
    stage.lose('append');
    stage.elect(5);
    stage.propose(5, 'other');
    stage.deliver();
    expect(stage.raft(5).role).toBe('leader');
    stage.say(
      '(c) 5 is gone; 1 is back and leads; the old entry reaches 3, the new one only memory',
    );
    stage.heal();
    for (const id of [4, 5]) stage.isolate(id);
    for (const id of [2, 3]) stage.holdPersist(id);
    stage.restart(1);
    electAfterMissedTerm(stage, 1);
    stage.persist(3, 2);
    stage.deliver();
    expect(stage.raft(1).role).toBe('leader');
    expect(stage.raft(1).commitIndex).toBe(0);
    expect(stage.applied(1)).not.toContain('old');
  };

  play(
    'an entry of an earlier term on a majority is not committed, since it may yet be overwritten',
    (stage) => {
      oldEntryOnMajority(stage);
      stage.say('(d) 1, 2 and 3 crash; 5 is back, leads, and overwrites what a majority had');
      stage.heal();
      stage.isolate(1);
      for (const id of [2, 3]) stage.restart(id, { lastIndex: 2 });
      stage.restart(5);
      electAfterMissedTerm(stage, 5);
      stage.heal();
      stage.tick(5, 20);
      stage.deliver();
      for (const id of voters) {
        expect(stage.applied(id)).toEqual(['noop-1', 'noop-2', 'other', 'noop-4']);
      }
    },
    { voters },
  );

  play(
    'an entry of an earlier term is committed with one of the own term, and then nobody overwrites it',
    (stage) => {
      oldEntryOnMajority(stage);
      stage.say('(e) the entry of its own term reaches the disks of 2 and 3 as well');
      for (const id of [2, 3]) stage.persist(id);
      stage.deliver();
      expect(stage.applied(1)).toEqual(['noop-1', 'old', 'noop-3']);
      stage.say('1 is gone, and 5 is back: it cannot lead');
      stage.heal();
      stage.isolate(1);
      stage.restart(5);
      electAfterMissedTerm(stage, 5);
      expect(stage.raft(5).role).not.toBe('leader');
      stage.elect(2);
      stage.heal();
      stage.tick(2, 20);
      stage.deliver();
      for (const id of voters) {
        expect(stage.applied(id).slice(0, 3)).toEqual(['noop-1', 'old', 'noop-3']);
      }
    },
    { voters },
  );
});
