import { describe, expect, test } from 'vitest';
import { Stage } from './stage.ts';

function play(
  name: string,
  script: (stage: Stage) => void,
  options?: { readonly mayForget?: boolean },
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
