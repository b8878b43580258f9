import { assert } from '../assert.ts';
import { SimLinks, sendMessage } from '../env/sim/links.ts';
import { SimNetwork } from '../env/sim/network.ts';
import { SimRandom } from '../env/sim/random.ts';
import { SimScheduler } from '../env/sim/scheduler.ts';
import { crc32c } from '../protocol/crc32c.ts';
import type { Message } from '../raft/types.ts';
import { Faults } from './faults.ts';
import { readAll } from './final-read.ts';
import { Invariants } from './invariants.ts';
import type { StoredValue } from './machine.ts';
import { SimNode } from './node.ts';
import type { SimParts } from './node.ts';
import { drawPlan } from './plan.ts';
import type { SimPlan } from './plan.ts';
import { SimProducer } from './producer.ts';
import { Promises } from './promises.ts';

export interface SimOptions {
  readonly seed: number;
  readonly overrides?: Partial<SimPlan>;
  readonly parts?: SimParts;
  /** Keeps the lines of the transcript; the hash is made of the same lines. */
  readonly transcript?: boolean;
}

export interface SimResult {
  readonly plan: SimPlan;
  /** What was broken first; undefined = every promise was kept. */
  readonly violation: string | undefined;
  readonly acked: number;
  /** Acked and legally lost. */
  readonly lost: number;
  readonly terms: number;
  readonly turns: number;
  readonly virtualMs: number;
  /** CRC of the transcript; 0 without one. */
  readonly hash: number;
  readonly transcript: readonly string[];
}

const producerStepMs = 6;
/** Virtual time within which a healed cluster must have done all its work. */
const recoveryMsMax = 20_000;

/** One seed: a cluster, its clients and its misfortunes, from the first start to the final read. */
export async function simulate(options: SimOptions): Promise<SimResult> {
  const world = new World(options);
  await world.run().catch((error: unknown) => world.threw(error));
  return world.result();
}

class World {
  readonly #plan: SimPlan;
  readonly #parts: SimParts;
  readonly #random: SimRandom;
  readonly #scheduler = new SimScheduler();
  readonly #links: SimLinks;
  readonly #nodes: SimNode[];
  readonly #producers: SimProducer[];
  readonly #faults: Faults;
  readonly #invariants = new Invariants();
  readonly #promises: Promises;
  readonly #keepsTranscript: boolean;
  readonly #transcript: string[] = [];

  constructor(options: SimOptions) {
    this.#plan = drawPlan(options.seed, options.overrides);
    this.#parts = options.parts ?? {};
    this.#keepsTranscript = options.transcript ?? false;
    this.#random = new SimRandom(options.seed ^ 0x5eed);
    const scheduler = this.#scheduler;
    const { quality, voters } = this.#plan;
    this.#links = new SimLinks({ scheduler, random: this.#random.fork(), quality });
    const network = new SimNetwork(this.#links);
    this.#promises = new Promises({
      plan: this.#plan,
      fail: (what) => this.#invariants.fail(what),
      note: (line) => this.#note(line),
    });
    this.#nodes = voters.map((id) => this.#makeNode(id, network));
    this.#producers = Array.from({ length: this.#plan.producers }, (_, index) => {
      return this.#makeProducer(index + 1);
    });
    this.#faults = new Faults({
      scheduler,
      links: this.#links,
      nodes: this.#nodes,
      random: this.#random.fork(),
      note: (line) => this.#note(line),
      onPowerCut: (nodes) => this.#powerCut(nodes),
    });
  }

  async run(): Promise<void> {
    const { faults, troubleMs } = this.#plan;
    for (const node of this.#nodes) node.start();
    for (const producer of this.#producers) this.#drive(producer);
    this.#faults.schedule(faults);
    await this.#runUntil(troubleMs, () => false);
    this.#note('everything heals');
    this.#faults.healAll();
    for (const producer of this.#producers) {
      producer.goal += 3;
      producer.paceMs = 0;
    }
    await this.#runUntil(troubleMs + recoveryMsMax, () => this.#settled);
    if (this.#invariants.violation !== undefined) return;
    if (!this.#settled) this.#invariants.fail(`no progress: ${this.#describeStall()}`);
    else await this.#finalRead();
  }

  threw(error: unknown): void {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#invariants.fail(`the world broke: ${why}`);
  }

  result(): SimResult {
    const { violation } = this.#invariants;
    let hash = 0;
    for (const line of this.#transcript) hash = crc32c(Buffer.from(line), hash);
    return {
      plan: this.#plan,
      violation,
      acked: this.#promises.acked,
      lost: this.#promises.lost.length,
      terms: Math.max(...this.#nodes.map(({ replica }) => replica?.term ?? 0)),
      turns: this.#scheduler.turns,
      virtualMs: this.#scheduler.nowMs(),
      hash,
      transcript: this.#transcript,
    };
  }

  #runUntil(untilMs: number, done: () => boolean): Promise<void> {
    const stop = (): boolean => this.#invariants.violation !== undefined || done();
    return this.#scheduler.run({ untilMs, stop });
  }

  #makeNode(id: number, network: SimNetwork): SimNode {
    return new SimNode({
      id,
      plan: this.#plan,
      scheduler: this.#scheduler,
      network,
      random: this.#random.fork(),
      invariants: this.#invariants,
      parts: this.#parts,
      send: (message) => this.#send(message),
      note: (line) => this.#note(line),
      onServing: (node) => this.#serves(node),
      onIdled: (node, sinceMs) => {
        this.#promises.idled(node.id, { fromMs: sinceMs, toMs: this.#scheduler.nowMs() });
      },
    });
  }

  #makeProducer(id: number): SimProducer {
    const { batchesPerProducer, troubleMs } = this.#plan;
    return new SimProducer({
      id,
      goal: batchesPerProducer,
      paceMs: troubleMs / batchesPerProducer,
      nodes: this.#nodes,
      random: this.#random.fork(),
      nowMs: () => this.#scheduler.nowMs(),
      events: {
        acked: (value, inTerm) => {
          const { producer: id, index, term } = value;
          this.#note(`acked: value ${value.value} of producer ${id} at ${term}/${index}`);
          this.#promises.ack(value, { inTerm, atMs: this.#scheduler.nowMs() });
        },
        gap: (text) => {
          this.#note(`gap: ${text}`);
          this.#judgeGap(text);
        },
        failed: (text) => this.#invariants.fail(`a producer was refused: ${text}`),
      },
    });
  }

  #drive(producer: SimProducer): void {
    this.#scheduler.schedule(this.#random.between(0.5, 1.5) * producerStepMs, () => {
      producer.step();
      this.#drive(producer);
    });
  }

  #send(message: Message): void {
    this.#invariants.sent(message);
    const route = { from: `${message.from}`, to: `${message.to}` };
    sendMessage(this.#links, route, () => {
      this.#nodes.find(({ id }) => id === message.to)?.receive(message);
    });
  }

  #serves(node: SimNode): void {
    const { machine } = node;
    assert(machine !== undefined, 'who serves has a state');
    const atMs = this.#scheduler.nowMs();
    this.#promises.serves({ term: node.servingTerm, values: machine.values, atMs });
  }

  #powerCut(nodes: readonly SimNode[]): void {
    if (this.#plan.flush !== 'sync') this.#invariants.forgetful = true;
    for (const node of nodes) {
      const nowMs = this.#scheduler.nowMs();
      // What began before the cut and lasts until now counts as well.
      if (node.idleSinceMs !== undefined) {
        this.#promises.idled(node.id, { fromMs: node.idleSinceMs, toMs: nowMs });
      }
      this.#promises.powerCut(node.id, nowMs);
    }
  }

  /** Only a partition that may lose acked records may ask a producer to begin anew. */
  #judgeGap(text: string): void {
    if (this.#plan.replication === 'async' || this.#invariants.forgetful) return;
    this.#invariants.fail(`a gap where nothing may be forgotten: ${text}`);
  }

  get #settled(): boolean {
    if (!this.#producers.every(({ idle }) => idle)) return false;
    const [first] = this.#nodes;
    const applied = first?.replica?.appliedIndex;
    if (applied === undefined) return false;
    return this.#nodes.every(({ replica }) => {
      return replica?.appliedIndex === applied && replica?.lastIndex === applied;
    });
  }

  async #finalRead(): Promise<void> {
    const leader = this.#nodes.find(({ leads }) => leads);
    if (leader?.machine === undefined) {
      this.#invariants.fail('no leader at the end');
      return;
    }
    for (const { id, machine } of this.#nodes) {
      if (machine?.digest !== leader.machine.digest) {
        this.#invariants.fail(`nodes ${id} and ${leader.id} end in different states`);
      }
    }
    this.#serves(leader);
    this.#requireOnce(leader.machine.values);
    for (const node of this.#nodes) await this.#requireReadable(node, leader.machine.values);
  }

  /** Every value is there once and in order, but for what was acked and legally lost. */
  #requireOnce(values: readonly StoredValue[]): void {
    const seen = new Set<string>();
    const last = new Map<number, number>();
    for (const { producer, value } of values) {
      const key = `${producer}/${value}`;
      if (!this.#invariants.forgetful) {
        const what = `value ${value} of producer ${producer}`;
        if (seen.has(key)) this.#invariants.fail(`duplicate: ${what}`);
        if ((last.get(producer) ?? -1) > value) {
          this.#invariants.fail(`reordered: ${what}`);
        }
      }
      seen.add(key);
      last.set(producer, value);
    }
    for (const { id, goal } of this.#producers) {
      for (let value = 0; value < goal; value++) {
        if (seen.has(`${id}/${value}`) || this.#promises.ackFor(id, value)?.lost === true) continue;
        this.#invariants.fail(`value ${value} of producer ${id} is neither there nor legally lost`);
      }
    }
  }

  /** What the log itself hands out is what the state machine was fed. */
  async #requireReadable(node: SimNode, values: readonly StoredValue[]): Promise<void> {
    const { replica } = node;
    assert(replica !== undefined, 'every node runs at the end');
    const reading = readAll(replica, values);
    let outcome: { readonly wrong: string | undefined } | undefined;
    reading.then(
      (wrong) => (outcome = { wrong }),
      (error: unknown) => (outcome = { wrong: String(error) }),
    );
    await this.#runUntil(this.#scheduler.nowMs() + 5_000, () => outcome !== undefined);
    if (outcome === undefined) this.#invariants.fail(`node ${node.id} does not answer a read`);
    else if (outcome.wrong !== undefined) {
      this.#invariants.fail(`the log of node ${node.id} reads wrong: ${outcome.wrong}`);
    }
  }

  #describeStall(): string {
    const nodes = this.#nodes.map(({ id, replica }) => {
      if (replica === undefined) return `${id} down`;
      const { role, term, commitIndex, appliedIndex, lastIndex } = replica;
      const indexes = `commit ${commitIndex} applied ${appliedIndex} last ${lastIndex}`;
      return `${id} ${role} term ${term} ${indexes}`;
    });
    const waiting = this.#producers.filter(({ idle }) => !idle).map(({ id }) => id);
    return `${nodes.join('; ')}; producers that wait: ${waiting.join(', ') || 'none'}`;
  }

  #note(line: string): void {
    if (!this.#keepsTranscript) return;
    this.#transcript.push(`${this.#scheduler.nowMs().toFixed(2)} ${line}`);
  }
}
