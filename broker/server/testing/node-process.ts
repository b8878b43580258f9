import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { NodeProcessConfig, ReadyLine } from '../run-node.ts';

const main = fileURLToPath(new URL('../../../dist/broker/server/main.js', import.meta.url));

/** A node as a process of its own, from the build. */
export class NodeProcess {
  readonly nodeId: number;
  readonly #config: NodeProcessConfig;
  #child: ChildProcess | undefined;
  #exited: Promise<number | null> = Promise.resolve(null);
  #address = '';
  /** Everything said on standard error since the last start. */
  errors = '';

  constructor(config: NodeProcessConfig) {
    this.nodeId = config.nodeId;
    this.#config = config;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  get clientAddress(): string {
    return this.#address;
  }

  /** Resolves with the ready line; rejects when the process ends before it. */
  async start(): Promise<ReadyLine> {
    const child = this.#launch();
    let output = '';
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout!.on('data', (text: Buffer) => {
        output += text.toString();
        const end = output.indexOf('\n');
        if (end >= 0) resolve(output.slice(0, end));
      });
      void this.#exited.then((code) => reject(new Error(`exit ${code}: ${this.errors}`)));
    });
    const ready = JSON.parse(line) as ReadyLine;
    this.#address = ready.client;
    return ready;
  }

  /** Starts the process and resolves with its exit code. */
  runToEnd(): Promise<number | null> {
    this.#launch();
    return this.#exited;
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  stop(): Promise<number | null> {
    this.#child?.kill('SIGTERM');
    return this.#exited;
  }

  closeInput(): Promise<number | null> {
    this.#child?.stdin?.end();
    return this.#exited;
  }

  #launch(): ChildProcess {
    const config = JSON.stringify(this.#config);
    const child = spawn(process.execPath, [main, '--config', config, '--exit-with-parent'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.errors = '';
    child.stderr.on('data', (text: Buffer) => {
      this.errors += text.toString();
    });
    this.#exited = new Promise((resolve) => {
      child.once('close', (code) => {
        this.#child = undefined;
        resolve(code);
      });
    });
    return child;
  }
}
