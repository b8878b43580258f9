import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../../driver/driver.ts';
import { entryPoint } from '../../entry-point.ts';
import { HarnessError } from '../../errors.ts';
import { monotonicNanos } from '../../measure/clock.ts';
import type { Supervisor } from '../../supervisor/supervisor.ts';
import type { Cluster, Ending, NodeState } from '../cluster.ts';
import type { Links, Site } from '../links.ts';
import { ProxiedNetwork, proxyProcessName } from '../network/proxied-network.ts';
import type { NodeDisk, NodeStorage } from '../node-storage.ts';
import { freePorts } from './free-ports.ts';
import { ping } from './ping.ts';

export interface ProcessClusterOptions {
  readonly supervisor: Supervisor;
  readonly nodes: number;
  readonly storage: NodeStorage;
  /** Takes a log file per node. */
  readonly logDirectory: string;
  /** Secret of this cluster; new for each run. */
  readonly token: string;
  /** The program of a node, started as the reference broker's `main.js` is; default: that one. */
  readonly nodeMain?: string;
  /** All nodes and clients, when every link between them is to go through proxies. */
  readonly proxied?: readonly Site[];
}

const readyMsMax = 30_000;
const servesMsMax = 30_000;
const answerMsMax = 500;
const stopGraceMs = 5_000;
const startTries = 3;

/**
 * Nodes of the reference broker as child processes on loopback. Ports are chosen once and kept
 * over restarts, as is where the data are.
 */
export class ProcessCluster implements Cluster {
  readonly nodes: number;
  readonly #options: ProcessClusterOptions;
  #addresses: string[] = [];
  readonly #pids = new Map<number, number>();
  /** Nodes that are ready and were not asked to end. */
  readonly #serving = new Set<number>();
  #network: ProxiedNetwork | undefined;
  #closing = false;

  constructor(options: ProcessClusterOptions) {
    this.#options = options;
    this.nodes = options.nodes;
    mkdirSync(options.logDirectory, { recursive: true });
  }

  async up(): Promise<void> {
    const numbers = Array.from({ length: this.nodes }, (_, index) => index + 1);
    await Promise.all(numbers.map((node) => this.#options.storage.prepare(node)));
    const { supervisor, proxied, logDirectory } = this.#options;
    if (proxied !== undefined) {
      const sites = { supervisor, sites: proxied, directory: logDirectory };
      this.#network = await ProxiedNetwork.start(sites);
    }
    for (let tries = 1; ; tries++) {
      const ports = await freePorts(this.nodes);
      this.#addresses = ports.map((port) => `127.0.0.1:${port}`);
      await this.#network?.setTargets(
        numbers.map((node) => ({ site: nameOf(node), address: this.#address(node) })),
      );
      try {
        await Promise.all(numbers.map((node) => this.#startOnce(node)));
        break;
      } catch (error) {
        await Promise.all(numbers.map((node) => this.kill(node)));
        // Another process may have taken a port since it was found free.
        if (tries === startTries || !this.#portWasTaken()) throw error;
      }
    }
    await this.#waitUntilServing();
  }

  async start(node: number): Promise<number> {
    if ((await this.state(node)) !== 'stopped') return monotonicNanos();
    for (let tries = 1; ; tries++) {
      try {
        await this.#startOnce(node);
        break;
      } catch (error) {
        if (tries === startTries || !this.#portWasTaken()) throw error;
        await sleep(500);
      }
    }
    const deadline = monotonicNanos() + servesMsMax * 1e6;
    while (!(await this.answers(node))) {
      if (monotonicNanos() > deadline) {
        throw new HarnessError(
          'cluster',
          `node ${node} was started and does not answer after ${servesMsMax} ms`,
        );
      }
      await sleep(10);
    }
    return monotonicNanos();
  }

  async stop(node: number): Promise<Ending> {
    if (!this.#pids.has(node)) return neverStarted();
    this.#serving.delete(node);
    return this.#options.supervisor.stop(nameOf(node), stopGraceMs);
  }

  async kill(node: number): Promise<number> {
    if (!this.#pids.has(node)) return monotonicNanos();
    this.#serving.delete(node);
    return this.#options.supervisor.kill(nameOf(node));
  }

  pause(node: number): Promise<number> {
    return this.#options.supervisor.pause(nameOf(node));
  }

  resume(node: number): Promise<number> {
    return this.#options.supervisor.resume(nameOf(node));
  }

  async state(node: number): Promise<NodeState> {
    if (!this.#pids.has(node)) return 'stopped';
    return (await this.#options.supervisor.state(nameOf(node))).state;
  }

  /** Of the node's last life; 0 = never started. */
  pid(node: number): number {
    return this.#pids.get(node) ?? 0;
  }

  /**
   * The supervisor saw a process end. When it was a node or the network and nobody had asked it to,
   * the answer is a sentence that says so; otherwise undefined.
   */
  exited(name: string, how: string): string | undefined {
    if (name === proxyProcessName && !this.#closing)
      return `the process that carries the network of the run ended by itself (${how})`;
    const node = [...this.#serving].find((candidate) => nameOf(candidate) === name);
    if (node === undefined) return undefined;
    this.#serving.delete(node);
    return `node ${node} ended by itself (${how})${this.#lastWords(node)}`;
  }

  async answers(node: number): Promise<boolean> {
    return (await ping(this.#address(node), answerMsMax)) !== undefined;
  }

  get links(): Links | undefined {
    return this.#network;
  }

  target(topic: string, client?: string): Target {
    const { token } = this.#options;
    const network = this.#network;
    const addresses =
      network === undefined || client === undefined
        ? this.#addresses
        : this.#addresses.map((_, index) =>
            network.addressOf({ from: client, to: nameOf(index + 1) }),
          );
    return { addresses, token, topic };
  }

  disk(node: number): NodeDisk {
    return this.#options.storage.disk(node);
  }

  async down(): Promise<void> {
    const numbers = [...this.#pids.keys()];
    await Promise.all(numbers.map((node) => this.stop(node)));
    this.#closing = true;
    this.#network?.close();
    if (this.#network) await this.#options.supervisor.kill(proxyProcessName);
    await this.#options.storage.close();
  }

  #address(node: number): string {
    const address = this.#addresses[node - 1];
    if (address === undefined) throw new HarnessError('cluster', `there is no node ${node}`);
    return address;
  }

  async #startOnce(node: number): Promise<void> {
    const { supervisor, logDirectory, nodeMain } = this.#options;
    const main = nodeMain ?? entryPoint('broker/server/main.js');
    const { process: identity } = await supervisor.spawn({
      name: nameOf(node),
      command: process.execPath,
      arguments: [main, '--config-file', this.#writeConfig(node), '--exit-with-parent'],
      logFile: join(logDirectory, `${nameOf(node)}.log`),
    });
    this.#pids.set(node, identity.pid);
    try {
      await supervisor.firstLine(identity.pid, readyMsMax);
      this.#serving.add(node);
    } catch (error) {
      const log = this.#lastWords(node);
      throw new HarnessError(
        'cluster',
        `node ${node} did not start: ${(error as Error).message}${log}`,
        { cause: error },
      );
    }
  }

  /** In a file, since arguments are for everyone to see and the token is not. */
  #writeConfig(node: number): string {
    const file = join(this.#options.logDirectory, `${nameOf(node)}.json`);
    const config = {
      nodeId: node,
      nodes: this.#addresses.map((clientAddress, index) => ({
        id: index + 1,
        clientAddress,
        ...this.#peerAddress(node, index + 1),
      })),
      ...this.#options.storage.configOf(node),
      token: this.#options.token,
    };
    writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
    return file;
  }

  /** Where `node` dials `peer`, if that is not where the peer listens. */
  #peerAddress(node: number, peer: number): { peerAddress?: string } {
    if (this.#network === undefined || peer === node) return {};
    return { peerAddress: this.#network.addressOf({ from: nameOf(node), to: nameOf(peer) }) };
  }

  async #waitUntilServing(): Promise<void> {
    const deadline = monotonicNanos() + servesMsMax * 1e6;
    for (;;) {
      const answers = await Promise.all(
        this.#addresses.map((address) => ping(address, answerMsMax)),
      );
      if (answers.every((answer) => answer !== undefined && answer.coordinator !== 0)) return;
      if (monotonicNanos() > deadline) {
        const silent = answers.flatMap((answer, index) => (answer ? [] : [index + 1]));
        const what =
          silent.length > 0
            ? `node ${silent.join(', ')} does not answer`
            : 'no coordinator was elected';
        throw new HarnessError(
          'cluster',
          `the cluster does not serve after ${servesMsMax} ms: ${what}`,
        );
      }
      await sleep(25);
    }
  }

  #portWasTaken(): boolean {
    return [...this.#pids.keys()].some((node) =>
      /EADDRINUSE|address already in use/i.test(this.#lastWords(node)),
    );
  }

  /** For the error message: what a node said last is mostly why it ended. */
  #lastWords(node: number): string {
    const text = readFileSync(
      join(this.#options.logDirectory, `${nameOf(node)}.log`),
      'utf8',
    ).trim();
    const lines = text.split('\n').slice(-30);
    const said = lines.findLast((line) => /error\b|^[a-z-]+: /i.test(line)) ?? lines.at(-1) ?? '';
    return said === '' ? '' : `; its log says: ${said.slice(0, 500)}`;
  }
}

function neverStarted(): Ending {
  const now = monotonicNanos();
  return { askedAt: now, endedAt: now, orderly: true, how: 'never started' };
}

function nameOf(node: number): string {
  return `node-${node}`;
}
