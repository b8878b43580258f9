import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mountsBelow } from '../../../file-system/mount-table.ts';
import { letGo } from '../../../file-system/testing/let-go.ts';
import { processStatus } from '../../../supervisor/process-table.ts';
import { openEngine } from '../engine.ts';

const readyMsMax = 60_000;
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` };

/** By how much the clock of an engine in a machine of its own is ahead. */
export const clockAheadSeconds = 100_000;

/** Name, folder of the engine, its command: of temporary folders it sees its own alone. */
const inMachine = `${letGo}
  hostname "$0"
  folder=$1
  shift
  mount --bind "$folder" /mnt
  mount -t tmpfs none /tmp
  mkdir -p "$folder"
  mount --bind /mnt "$folder"
  "$@" &
  engine=$!
  trap 'kill "$engine"' TERM
  while kill -0 "$engine" 2>/dev/null; do wait "$engine" || true; done
`;

/**
 * An engine of a test's own, beside the usual one, that may be ended and started again without harm
 * to anybody: it has its own socket, data, containerd namespace, and a network namespace, with
 * bridges and a packet filter in it that the usual one knows nothing of. With `machine` it is as one
 * in a virtual machine of that name: its clock is another, its pids mean nothing here, and it sees
 * no temporary folder of this machine. Needs root.
 */
export class OwnEngine {
  readonly #machine: string | undefined;
  readonly #folder = mkdtempSync(join(tmpdir(), 'ackworth-engine-'));
  readonly host = `unix://${join(this.#folder, 'docker.sock')}`;
  /** Keeps the network namespace. */
  readonly #keeper = spawn(
    'unshare',
    ['--net', 'sh', '-c', 'ip link set lo up; echo up; exec cat'],
    { env, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  #process: ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor({ machine }: { readonly machine?: string } = {}) {
    this.#machine = machine;
  }

  /** What goes before a command that is to reach the ports of its containers. */
  get within(): readonly string[] {
    return ['nsenter', `--net=/proc/${this.#keeper.pid}/ns/net`];
  }

  /** Resolves once it answers. */
  async start(): Promise<void> {
    if (this.#process === undefined) await once(this.#keeper.stdout, 'data');
    const at = (name: string): string => join(this.#folder, name);
    mkdirSync(at('data'), { recursive: true });
    writeFileSync(at('daemon.json'), '{}');
    const log = openSync(at('log'), 'a');
    const namespace = `ackworth-test-${process.pid}`;
    const options = [
      `--config-file=${at('daemon.json')}`,
      `--host=${this.host}`,
      `--pidfile=${at('pid')}`,
      `--data-root=${at('data')}`,
      `--exec-root=${at('exec')}`,
      '--bridge=none',
      `--containerd-namespace=${namespace}`,
      `--containerd-plugins-namespace=plugins-${namespace}`,
    ];
    const around = this.#machine === undefined ? [] : this.#enter(this.#machine);
    const [command = '', ...before] = [...this.within, ...around];
    const stdio = ['ignore' as const, log, log];
    const engine = spawn(command, [...before, 'dockerd', ...options], { stdio, env });
    closeSync(log);
    this.#process = engine;
    this.#ended = new Promise((ended) => engine.once('exit', ended));
    const deadline = performance.now() + readyMsMax;
    while (!(await this.#answers())) {
      if (engine.exitCode !== null || performance.now() > deadline)
        throw new Error(`no engine: ${readFileSync(at('log'), 'utf8').slice(-1000)}`);
      await sleep(50);
    }
  }

  /** At once with SIGKILL; in good order, containers first, with SIGTERM. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const containerd = this.#containerd();
    if (this.#machine === undefined) this.#process?.kill(signal);
    else this.#killFirst(signal);
    await this.#ended;
    // It ends with its engine, and the next one would take it for its own while it does.
    while (containerd > 0 && processStatus(containerd) !== undefined) await sleep(20);
  }

  /** It takes requests and answers none, until it goes on. */
  hang(): void {
    this.#process?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process?.kill('SIGCONT');
  }

  async close(): Promise<void> {
    this.goOn();
    await this.end('SIGTERM');
    this.#keeper.kill('SIGKILL');
    // One that was killed leaves its own.
    for (const { directory } of mountsBelow(this.#folder)) execFileSync('umount', [directory]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** What goes before the engine's command: the rest of a machine, of which a shell is the first process. */
  #enter(machine: string): readonly string[] {
    const unshare = ['unshare', '--uts', '--mount', '--pid', '--fork', '--mount-proc'];
    const clock = ['--time', '--monotonic', `${clockAheadSeconds}`];
    return [...unshare, ...clock, 'sh', '-ec', inMachine, machine, this.#folder];
  }

  /** With it ends whatever else there is in the machine. */
  #killFirst(signal: NodeJS.Signals): void {
    const parent = this.#process?.pid;
    if (parent === undefined) return;
    const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8');
    for (const pid of children.trim().split(' ')) process.kill(Number(pid), signal);
  }

  #containerd(): number {
    if (this.#machine !== undefined) return 0;
    const file = join(this.#folder, 'exec', 'containerd', 'containerd.pid');
    return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  }

  #answers(): Promise<boolean> {
    return openEngine({ host: this.host, chosenBy: 'a test' }).then(
      () => true,
      () => false,
    );
  }
}
