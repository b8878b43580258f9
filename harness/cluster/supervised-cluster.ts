import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../driver/driver.ts';
import { HarnessError } from '../errors.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { ClusterParts } from './cluster-parts.ts';
import type { Cluster, Ending, NodeState } from './cluster.ts';
import type { Links } from './links.ts';
import type { Housing, NodeHost } from './node-host.ts';
import type { NodeContainer } from './node-container.ts';
import { NodeLog } from './node-log.ts';
import type { NodeAnswer, NodeProgram } from './node-program.ts';
import type { NodeDisk } from './node-storage.ts';

const startMsMaxUnsaid = 30_000;
const answerMsMax = 500;
const stopGraceMs = 5_000;
const startTries = 3;

/** Nodes of a broker as things that the supervisor owns, wherever they are run. */
export class SupervisedCluster implements Cluster {
  readonly nodes: number;
  readonly housing: Housing;
  readonly #supervisor: Supervisor;
  readonly #host: NodeHost;
  readonly #program: NodeProgram;
  readonly #token: string;
  readonly #startMsMax: number;
  readonly #pids = new Map<number, number>();
  readonly #logs = new Map<number, NodeLog>();
  /** Nodes that are ready and were not asked to end. */
  readonly #serving = new Set<number>();

  constructor(
    host: NodeHost,
    parts: Pick<ClusterParts, 'supervisor' | 'program' | 'token' | 'startMsMax'>,
  ) {
    this.#supervisor = parts.supervisor;
    this.#program = parts.program;
    this.#token = parts.token;
    this.#startMsMax = parts.startMsMax ?? startMsMaxUnsaid;
    this.#host = host;
    this.nodes = host.nodes;
    this.housing = host.housing;
  }

  async up(): Promise<void> {
    const numbers = Array.from({ length: this.nodes }, (_, index) => index + 1);
    await this.#host.prepare();
    for (let tries = 1; ; tries++) {
      await this.#host.chooseAddresses();
      // Also those that were still starting when another one failed have to be ended.
      const started = await Promise.allSettled(numbers.map((node) => this.#startOnce(node)));
      const failed = started.find(({ status }) => status === 'rejected');
      if (failed?.status !== 'rejected') break;
      await Promise.all(numbers.map((node) => this.kill(node)));
      // Another process may have taken a port since it was found free.
      if (tries === startTries || !this.#portWasTaken(failed.reason)) throw failed.reason;
    }
    await this.#waitUntilServing();
  }

  async start(node: number): Promise<number> {
    const running = (await this.state(node)) !== 'stopped';
    if (running && this.#serving.has(node)) return monotonicNanos();
    for (let tries = 1; (await this.state(node)) === 'stopped'; tries++) {
      try {
        await this.#startOnce(node);
        break;
      } catch (error) {
        if (tries === startTries || !this.#portWasTaken(error)) throw error;
        await sleep(500);
      }
    }
    await this.#untilItAnswers(node);
    this.#serving.add(node);
    return monotonicNanos();
  }

  /**
   * Starts a node that may refuse to serve what it finds on its disk: it is not waited for, and
   * that it ends by itself is no problem of the run, until it is started.
   */
  async launch(node: number): Promise<number> {
    this.excuse(node);
    if ((await this.state(node)) === 'stopped') await this.#spawn(node);
    return monotonicNanos();
  }

  /** From now on the node may end by itself, until it is started. */
  excuse(node: number): void {
    this.#serving.delete(node);
  }

  /** What the node has complained about since it was started last. */
  complaints(node: number): string[] {
    return this.#logOf(node).complaints();
  }

  async stop(node: number): Promise<Ending> {
    if (!this.#pids.has(node)) return neverStarted();
    this.#serving.delete(node);
    return this.#supervisor.stop(nameOf(node), stopGraceMs);
  }

  async kill(node: number): Promise<number> {
    if (!this.#pids.has(node)) return monotonicNanos();
    this.#serving.delete(node);
    return this.#supervisor.kill(nameOf(node));
  }

  pause(node: number): Promise<number> {
    return this.#supervisor.pause(nameOf(node));
  }

  resume(node: number): Promise<number> {
    return this.#supervisor.resume(nameOf(node));
  }

  async state(node: number): Promise<NodeState> {
    if (!this.#pids.has(node)) return 'stopped';
    return (await this.#supervisor.state(nameOf(node))).state;
  }

  /** Of the node's last life; 0 = never started. */
  pid(node: number): number {
    return this.#pids.get(node) ?? 0;
  }

  /**
   * The supervisor saw something end. When it was a node or what the nodes cannot do without, and
   * nobody had asked it to, the answer is a sentence that says so; otherwise undefined.
   */
  exited(name: string, how: string): string | undefined {
    const lost = this.#host.exited(name, how);
    if (lost !== undefined) return lost;
    const node = [...this.#serving].find((candidate) => nameOf(candidate) === name);
    if (node === undefined) return undefined;
    this.#serving.delete(node);
    return `node ${node} ended by itself (${how})${this.#lastWords(node)}`;
  }

  async answers(node: number): Promise<boolean> {
    return (await this.#ask(this.#address(node))) !== undefined;
  }

  get links(): Links | undefined {
    return this.#host.links;
  }

  target(topic: string, client?: string): Target {
    return this.#host.target(topic, client);
  }

  disk(node: number): NodeDisk {
    return this.#host.disk(node);
  }

  /** Of a node that lives in one. */
  container(node: number): NodeContainer | undefined {
    return this.#host.container?.(node);
  }

  async down(): Promise<void> {
    const numbers = [...this.#pids.keys()];
    await Promise.all(numbers.map((node) => this.stop(node)));
    await this.#host.close();
  }

  #ask(address: string): Promise<NodeAnswer | undefined> {
    return this.#program.ask(address, { token: this.#token, timeoutMs: answerMsMax });
  }

  #address(node: number): string {
    const address = this.#host.addresses[node - 1];
    if (address === undefined) throw new HarnessError('cluster', `there is no node ${node}`);
    return address;
  }

  async #startOnce(node: number): Promise<void> {
    try {
      await this.#spawn(node);
      await this.#untilReady(node);
      this.#serving.add(node);
    } catch (error) {
      const sentence = `node ${node} did not start: ${(error as Error).message}`;
      throw new HarnessError('cluster', sentence, { cause: error });
    }
  }

  async #spawn(node: number): Promise<void> {
    this.#logOf(node).beginLife();
    const { pid } = await this.#host.spawn(node);
    this.#pids.set(node, pid);
  }

  /** Rejects with what it said last, which is mostly why it is not. */
  async #untilReady(node: number): Promise<void> {
    if (this.#program.readiness === 'answer') return this.#untilItAnswers(node);
    try {
      await this.#supervisor.firstLine(nameOf(node), this.#startMsMax);
    } catch (cause) {
      const sentence = `${(cause as Error).message}${this.#lastWords(node)}`;
      throw new HarnessError('cluster', sentence, { cause });
    }
  }

  async #untilItAnswers(node: number): Promise<void> {
    const deadline = monotonicNanos() + this.#startMsMax * 1e6;
    while (!(await this.answers(node))) {
      const ended = (await this.state(node)) === 'stopped';
      if (ended || monotonicNanos() > deadline) {
        const how = ended ? 'ended' : `does not answer after ${this.#startMsMax} ms`;
        const words = this.#lastWords(node) || '; it has said nothing';
        throw new HarnessError('cluster', `node ${node} was started and ${how}${words}`);
      }
      await sleep(10);
    }
  }

  async #waitUntilServing(): Promise<void> {
    const deadline = monotonicNanos() + this.#startMsMax * 1e6;
    for (;;) {
      const answers = await Promise.all(this.#host.addresses.map((address) => this.#ask(address)));
      answers.forEach((answer, index) => {
        if (answer?.trouble === undefined) return;
        const what = `node ${index + 1} cannot serve: ${answer.trouble}`;
        throw new HarnessError('cluster', `${what}${this.#lastWords(index + 1)}`);
      });
      if (answers.every((answer) => answer !== undefined && answer.coordinator !== 0)) return;
      if (this.#supervisor.gone)
        throw new HarnessError('cluster', 'the supervisor ended before the cluster served');
      if (monotonicNanos() > deadline) {
        const silent = answers.flatMap((answer, index) => (answer ? [] : [index + 1]));
        const what =
          silent.length > 0
            ? `node ${silent.join(', ')} does not answer`
            : 'no coordinator was elected';
        throw new HarnessError(
          'cluster',
          `the cluster does not serve after ${this.#startMsMax} ms: ${what}`,
        );
      }
      await sleep(25);
    }
  }

  #portWasTaken(error: unknown): boolean {
    const said = [...this.#pids.keys()].map((node) => this.#lastWords(node));
    return [String(error), ...said].some((text) =>
      /EADDRINUSE|address already in use|port is already allocated/i.test(text),
    );
  }

  #lastWords(node: number): string {
    const said = this.#logOf(node).lastWords();
    return said === '' ? '' : `; its log says: ${said}`;
  }

  #logOf(node: number): NodeLog {
    let log = this.#logs.get(node);
    if (log === undefined) {
      log = new NodeLog(this.#host.logFile(node), (line) => this.#program.complaintOf(line));
      this.#logs.set(node, log);
    }
    return log;
  }
}

function neverStarted(): Ending {
  const now = monotonicNanos();
  return { askedAt: now, endedAt: now, orderly: true, how: 'never started' };
}

/** The supervisor's name for a node, and what it is called on a network. */
export function nameOf(node: number): string {
  return `node-${node}`;
}
