import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import type { Session } from '../driver/driver.ts';
import { loadDriver } from '../driver/registry.ts';
import { HarnessError } from '../errors.ts';
import { HistoryWriter } from '../history/writer.ts';
import { clockDomain, monotonicNanos } from '../measure/clock.ts';
import type { PlannedPhase } from '../scenario/plan-types.ts';
import { Channel } from './channel.ts';
import { answerOne, workerTokenVariable } from './claim.ts';
import { LoadConsumer } from './consumer.ts';
import type { FromWorker, ToWorker, WorkerAssignment } from './control.ts';
import { Generator } from './generator.ts';
import { realLoadClock } from './load-clock.ts';
import { startMeter } from './meter.ts';

/**
 * A load worker: one process, one producer or consumer.
 *
 *     node dist/harness/load/worker.js --connect host:port --token T --name NAME
 *     ACKWORTH_WORKER_TOKEN=T node dist/harness/load/worker.js --listen host:port --name NAME
 *
 * The first dials the harness; the second, in a container, prints a line once it can be dialled,
 * and takes the first who shows the token. It ends with the connection to the harness, whichever
 * way that ended, and one that listens with its stdin as well.
 */
const second = 1000;

/** What a worker does once it has been told. */
interface Role {
  prepare(): Promise<void>;
  start(originNanos: number): void;
  goOn?(phase: PlannedPhase): void;
  enough?(): void;
  report?(): void;
  stop(): void;
}

class Worker {
  readonly #channel: Channel<ToWorker, FromWorker>;
  #history: HistoryWriter | undefined;
  #session: Session | undefined;
  #role: Role | undefined;
  #assigned = false;
  #prepared = false;
  #stopAsked = false;
  #ending = false;

  /** `socket` may still be connecting. */
  constructor({
    socket,
    token,
    name,
  }: {
    readonly socket: Socket;
    readonly token: string;
    readonly name: string;
  }) {
    this.#channel = new Channel(socket, {
      onMessage: (message) => this.#take(message),
      onClose: (error) => this.#close(error),
    });
    const greet = (): void =>
      this.#channel.send({
        type: 'hello',
        token,
        name,
        pid: process.pid,
        clockDomain: clockDomain(),
      });
    if (socket.connecting) socket.once('connect', greet);
    else greet();
  }

  /** Tells the harness, keeps the history, and ends with an error. */
  readonly fail = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    process.exitCode = 1;
    this.#channel.send({ type: 'failed', message });
    this.#channel.end();
  };

  /**
   * Ends at once, with a history that is whole: of what is under way the outcome is not known, and
   * of what was told nothing is missing.
   */
  end(): void {
    this.#close(undefined);
  }

  #take(message: ToWorker): void {
    switch (message.type) {
      case 'assign':
        this.#assigned = true;
        this.#assign(message).then(() => {
          this.#prepared = true;
          this.#channel.send({ type: 'ready' });
          if (this.#stopAsked) this.#role?.stop();
        }, this.fail);
        return;
      case 'start':
        this.#role?.start(message.originNanos);
        return;
      case 'go-on':
        this.#role?.goOn?.(message.phase);
        return;
      case 'enough':
        this.#role?.enough?.();
        return;
      case 'report':
        this.#role?.report?.();
        return;
      case 'clock?':
        this.#channel.send({ type: 'clock', ask: message.ask, nanos: monotonicNanos() });
        return;
      case 'stop':
        this.#stopAsked = true;
        if (!this.#assigned) this.#done();
        else if (this.#prepared) this.#role?.stop();
        return;
    }
  }

  async #assign(assignment: WorkerAssignment): Promise<void> {
    if (this.#role !== undefined)
      throw new HarnessError('worker', `${assignment.worker} was assigned twice`);
    const { role, run, worker, clock } = assignment;
    const driver = await loadDriver(assignment.driver);
    const history = new HistoryWriter(join(assignment.historyDirectory, `${worker}.ackh`), {
      version: 1,
      run,
      worker,
      role: role.kind,
      ...(clock === undefined
        ? { clockDomain: clockDomain() }
        : {
            clockDomain: clock.domain,
            carried: { from: clockDomain(), byNanos: clock.offsetNanos },
          }),
      numbers: [role.kind === 'producer' ? role.producer : role.consumer],
    });
    this.#history = history;
    const session = await driver.connect(assignment.target);
    this.#session = session;
    const shared = {
      run,
      worker,
      history,
      clock: realLoadClock(clock && (() => monotonicNanos() + clock.offsetNanos)),
      onNote: (text: string) => this.#channel.send({ type: 'note', text }),
      onFailed: this.fail,
    };
    if (role.kind === 'producer') {
      this.#role = new Generator({
        ...shared,
        assignment: role,
        meter: startMeter(),
        createProducer: (options) => session.createProducer(options),
        onProgress: (progress) => this.#channel.send(progress),
        onDone: () => this.#done(),
      });
    } else {
      const consumer = new LoadConsumer({
        ...shared,
        assignment: role,
        cumulative: !driver.capabilities.competingConsumers,
        positions: driver.capabilities.positions,
        createConsumer: (options) => session.createConsumer(options),
      });
      this.#role = this.#consumerRole(consumer);
    }
    await this.#role.prepare();
  }

  #consumerRole(consumer: LoadConsumer): Role {
    const report = () => this.#channel.send(consumer.progress());
    const timer = setInterval(report, second);
    return {
      prepare: () => consumer.prepare(),
      start: () => undefined,
      report,
      stop: () => {
        clearInterval(timer);
        consumer.close().then(() => {
          report();
          this.#done();
        }, this.fail);
      },
    };
  }

  #done(): void {
    this.#history?.close();
    const closed = this.#session?.close() ?? Promise.resolve();
    // Whether or not the session closed well, all that it was asked for is in the history.
    void closed.catch(() => undefined).then(() => this.#channel.send({ type: 'done' }));
  }

  #close(error: Error | undefined): void {
    if (this.#ending) return;
    this.#ending = true;
    if (error !== undefined) process.stderr.write(`control connection: ${error.message}\n`);
    try {
      this.#history?.close();
    } finally {
      process.exit(error === undefined ? (process.exitCode ?? 0) : 1);
    }
  }
}

function main(): void {
  const { values } = parseArgs({
    options: {
      connect: { type: 'string' },
      listen: { type: 'string' },
      token: { type: 'string' },
      name: { type: 'string' },
    },
  });
  const address = /^(.+):(\d+)$/.exec(values.connect ?? values.listen ?? '');
  const token = values.token ?? process.env[workerTokenVariable];
  const { name } = values;
  if (address === null || token === undefined || name === undefined) {
    process.stderr.write(
      'usage: worker.js (--connect | --listen) HOST:PORT --token TOKEN --name NAME\n',
    );
    process.exit(1);
  }
  const [host, port] = [address[1]!, Number(address[2])];
  let worker: Worker | undefined;
  const work = (socket: Socket): void => {
    worker = new Worker({ socket, token, name });
    process.on('uncaughtException', worker.fail);
    process.on('unhandledRejection', worker.fail);
  };
  // The harness ends its workers by the connection, so that an interrupt of the terminal, which
  // reaches them too, does not cut off what they still have to write.
  process.on('SIGINT', () => undefined);
  const end = (): void => {
    if (worker === undefined) process.exit(0);
    worker.end();
  };
  process.on('SIGTERM', end);
  if (values.listen === undefined) {
    work(connect({ host, port }));
    return;
  }
  process.stdin.on('end', end).resume();
  answerOne({ host, port, token, onClaim: work }).then(
    () => process.stdout.write('listening\n'),
    (error: Error) => {
      process.stderr.write(`cannot listen on ${host}:${port}: ${error.message}\n`);
      process.exit(1);
    },
  );
}

main();
