import { expect, test } from 'vitest';
import { SimProcess } from '../env/sim/process.ts';
import { SimScheduler } from '../env/sim/scheduler.ts';
import { BrokerError } from '../errors.ts';
import { encodeSystemCommand, type SystemCommand, type SystemResult } from './commands.ts';
import { Coordinator } from './coordinator.ts';
import { placeReplicas } from './placement.ts';
import { SystemMachine } from './system.ts';

const placement = placeReplicas({ nodes: [1], partitions: 4, replicas: 1, startAt: 0 });
const topic = (name: string): SystemCommand => ({
  type: 'create-topic',
  placement,
  config: {
    name,
    partitions: 4,
    replicas: 1,
    flush: 'sync',
    replication: 'none',
    flushIntervalMs: 100,
    segmentBytes: 1 << 20,
    retentionBytes: 0,
    retentionMs: 0,
  },
});

/** A coordinator over virtual time and a log that commits in 2 ms; writes down what is said. */
class Rig {
  readonly scheduler = new SimScheduler();
  readonly process = new SimProcess(this.scheduler);
  readonly machine = new SystemMachine();
  readonly lines: string[] = [];
  readonly ids = new Map<string, string>();
  readonly generations = new Map<string, number>();
  logIsCut = false;
  coordinator: Coordinator;
  #index = 0;

  constructor() {
    this.#apply(topic('orders'));
    this.coordinator = this.#coordinator();
    this.coordinator.start(1);
  }

  #apply(command: SystemCommand): SystemResult {
    let result: SystemResult | undefined;
    this.machine.onResult = (_, given) => (result = given);
    const bytes = encodeSystemCommand(command);
    this.machine.apply({ term: 1, index: ++this.#index, bytes });
    return result!;
  }

  #coordinator(): Coordinator {
    return new Coordinator({
      clock: this.process,
      machine: this.machine,
      propose: (command) =>
        new Promise((resolve, reject) => {
          this.scheduler.schedule(2, () => {
            if (this.logIsCut) reject(new BrokerError('not-leader', 'lost'));
            else {
              const result = this.#apply(command);
              if (command.type === 'set-group') {
                const seats = command.members.map((m) => `${m.memberId} [${m.partitions.join()}]`);
                this.say(`log: generation ${command.generation} = ${seats.join(', ') || 'nobody'}`);
              }
              resolve(result);
            }
          });
        }),
    });
  }

  say(line: string): void {
    this.lines.push(`${String(Math.round(this.scheduler.nowMs())).padStart(5)} ${line}`);
  }

  failOver(term: number): void {
    this.coordinator.stop();
    this.coordinator = this.#coordinator();
    this.coordinator.start(term);
    this.say(`-- term ${term}: another coordinator, same log`);
  }

  join(name: string, options: { sessionTimeoutMs?: number; topic?: string } = {}): void {
    const memberId = this.ids.get(name) ?? '';
    this.say(`${name} -> join${memberId === '' ? '' : ` as ${memberId}`}`);
    const { sessionTimeoutMs = 1000, topic: wanted = 'orders' } = options;
    const request = { group: 'g', memberId, topic: wanted, sessionTimeoutMs };
    this.coordinator.join(request).then(
      (answer) => {
        this.ids.set(name, answer.memberId);
        this.generations.set(name, answer.generation);
        const seat = `${answer.memberId} generation ${answer.generation}`;
        this.say(`${name} <- ${seat} [${answer.partitions.join()}]`);
      },
      (error: unknown) => this.say(`${name} <- ${(error as BrokerError).code}`),
    );
  }

  #tell(name: string, what: string, act: () => void): void {
    try {
      act();
      this.say(`${name} -> ${what} <- ok`);
    } catch (error) {
      this.say(`${name} -> ${what} <- ${(error as BrokerError).code}`);
    }
  }

  beat(...names: string[]): void {
    for (const name of names) {
      const memberId = this.ids.get(name) ?? '';
      const generation = this.generations.get(name) ?? 0;
      const request = { group: 'g', memberId, generation };
      this.#tell(name, `heartbeat ${generation}`, () => this.coordinator.heartbeat(request));
    }
  }

  leave(name: string): void {
    const request = { group: 'g', memberId: this.ids.get(name) ?? '' };
    this.#tell(name, 'leave', () => this.coordinator.leave(request));
  }

  async pass(ms: number): Promise<void> {
    await this.scheduler.run({ untilMs: this.scheduler.nowMs() + ms });
  }

  get text(): string {
    return `${this.lines.join('\n')}\n`;
  }
}

test('members that come together share one first generation', async () => {
  const rig = new Rig();
  rig.join('ann');
  await rig.pass(30);
  rig.join('bob');
  await rig.pass(200);
  rig.beat('ann', 'bob');
  await expect(rig.text).toMatchFileSnapshot('testdata/join-together.txt');
});

test('a newcomer makes the others join again, and only what must move moves', async () => {
  const rig = new Rig();
  rig.join('ann');
  await rig.pass(200);
  rig.join('bob');
  await rig.pass(100);
  rig.beat('ann');
  rig.join('ann');
  await rig.pass(100);
  rig.beat('ann', 'bob');
  await expect(rig.text).toMatchFileSnapshot('testdata/newcomer.txt');
});

test('a member that falls silent loses its seat and is a stranger then', async () => {
  const rig = new Rig();
  rig.join('ann');
  rig.join('bob');
  await rig.pass(600);
  rig.beat('ann');
  await rig.pass(600);
  rig.beat('ann');
  rig.join('ann');
  await rig.pass(50);
  rig.beat('ann', 'bob');
  rig.join('bob');
  await rig.pass(10);
  await expect(rig.text).toMatchFileSnapshot('testdata/silent-member.txt');
});

test('a member that ignores a rebalance is dropped when its time is up', async () => {
  const rig = new Rig();
  rig.join('ann');
  await rig.pass(200);
  rig.join('bob');
  for (let turn = 0; turn < 5; turn++) {
    await rig.pass(250);
    rig.beat('ann');
  }
  await expect(rig.text).toMatchFileSnapshot('testdata/ignored-rebalance.txt');
});

test('who leaves hands its partitions on at once; the last one leaves an empty group', async () => {
  const rig = new Rig();
  rig.join('ann');
  rig.join('bob');
  await rig.pass(200);
  rig.leave('bob');
  rig.beat('ann');
  rig.join('ann');
  await rig.pass(50);
  rig.leave('ann');
  await rig.pass(50);
  rig.leave('ann');
  await expect(rig.text).toMatchFileSnapshot('testdata/leave.txt');
});

test('a new coordinator keeps the members, their seats and the generation', async () => {
  const rig = new Rig();
  rig.join('ann');
  rig.join('bob');
  await rig.pass(900);
  rig.failOver(2);
  await rig.pass(900);
  rig.beat('ann', 'bob');
  rig.join('ann');
  await rig.pass(50);
  rig.join('cat');
  await rig.pass(1);
  rig.failOver(3);
  await rig.pass(50);
  rig.beat('ann', 'bob');
  await expect(rig.text).toMatchFileSnapshot('testdata/coordinator-failover.txt');
});

test('a generation that could not be committed is made again', async () => {
  const rig = new Rig();
  rig.join('ann');
  rig.logIsCut = true;
  await rig.pass(150);
  rig.logIsCut = false;
  rig.join('ann');
  await rig.pass(150);
  await expect(rig.text).toMatchFileSnapshot('testdata/commit-failed.txt');
});

test('a coordinator that stood still does not take it out on its members', async () => {
  const rig = new Rig();
  rig.join('ann');
  await rig.pass(500);
  rig.process.pause();
  rig.say('-- coordinator paused');
  await rig.pass(3000);
  rig.process.resume();
  rig.say('-- coordinator resumed');
  await rig.pass(10);
  rig.beat('ann');
  await rig.pass(1100);
  rig.beat('ann');
  await expect(rig.text).toMatchFileSnapshot('testdata/coordinator-paused.txt');
});

test('a lost answer is given again; of two joins only the later is answered', async () => {
  const rig = new Rig();
  rig.join('ann');
  rig.join('bob');
  await rig.pass(200);
  rig.join('ann');
  await rig.pass(10);
  rig.join('cat');
  rig.join('ann');
  await rig.pass(10);
  rig.join('ann');
  await rig.pass(10);
  rig.join('bob');
  await rig.pass(50);
  await expect(rig.text).toMatchFileSnapshot('testdata/joined-twice.txt');
});

test('requests that make no sense are refused with their reason', async () => {
  const rig = new Rig();
  rig.join('ann', { topic: 'nothing' });
  rig.join('ann', { sessionTimeoutMs: 1 });
  rig.ids.set('eve', 'member-9-9');
  rig.join('eve');
  rig.beat('eve');
  rig.leave('eve');
  await rig.pass(10);
  rig.coordinator.stop();
  rig.join('ann');
  rig.beat('ann');
  await rig.pass(10);
  await expect(rig.text).toMatchFileSnapshot('testdata/refused.txt');
});
