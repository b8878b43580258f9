import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeProgram } from '../cluster/node-program.ts';
import type { StorageChoice } from '../cluster/process/storage/choose.ts';
import type { SiteUsage } from '../cluster/site-usage.ts';
import type { SupervisedCluster } from '../cluster/supervised-cluster.ts';
import { unsafeOf, type MeasuredExposure } from '../checker/book/exposure.ts';
import type { Driver, Session } from '../driver/driver.ts';
import type { FaultSite } from '../fault/fault.ts';
import { HarnessError } from '../errors.ts';
import { faults } from '../fault/registry.ts';
import { releaseBelow } from '../file-system/loop-mount.ts';
import type { FaultEvent } from '../history/events.ts';
import type { WorkerLauncher } from '../load/worker-launcher.ts';
import { monotonicNanos } from '../measure/clock.ts';
import type { CarriedClock } from '../measure/clock-offset.ts';
import { Nemesis, type Stake } from '../nemesis/nemesis.ts';
import type { RunRecord } from '../record/record.ts';
import type { PlannedFault, Plan } from '../scenario/plan-types.ts';
import type { Notice } from '../supervisor/protocol.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { drainAndRead } from './drain-and-read.ts';
import { endLoad } from './end-load.ts';
import { Fleet } from './fleet.ts';
import { fullDisk } from './full-disk.ts';
import { HarnessHistory } from './harness-history.ts';
import { inspector } from './inspect.ts';
import { LoadTicker } from './load-ticker.ts';
import { measureExposure } from './measure-exposure.ts';
import type { Ground, OpenCluster } from './open-cluster.ts';
import { dataDirectoryName, historyDirectoryName } from './run-facts.ts';
import type { RunFolder } from './run-folder.ts';
import type { Progress, RunOptions, Stage } from './run-types.ts';
import { Stopped, StopSwitch } from './stop-switch.ts';
import { resolveSite, settle } from './victims.ts';
import { WorkersClock } from './workers-clock.ts';

export interface ConductorOptions {
  readonly run: RunOptions;
  readonly plan: Plan;
  readonly folder: RunFolder;
  readonly driver: Driver;
  readonly program: NodeProgram;
  readonly storage: StorageChoice;
  readonly ground: Ground;
  /** What the broker says of itself, once it is up. */
  readonly onTarget: (target: RunRecord['target']) => void;
  /** What a fault is about to put at risk. */
  readonly onExposure: (fault: number, measured: MeasuredExposure) => void;
  readonly onUsage: (usage: readonly SiteUsage[]) => void;
  /** Where the workers have another clock: how it was carried over; again when more is known. */
  readonly onClock: (clock: CarriedClock) => void;
  /** How long it took from the end of all work until nothing was left. */
  readonly onTornDown: (tookMs: number) => void;
  /** What keeps the run from being what was planned, as a sentence. */
  readonly onProblem: (sentence: string) => void;
}

/** From here to load time 0, so that every worker has heard of it before. */
const startLeadMs = 250;
const healMsMax = 30_000;
const interruptGraceMs = 2_000;

/**
 * Conducts one run from an empty machine back to one: cluster up, topic, workers, load and faults,
 * healing, drain, final read, everything down. It leaves a history, and nothing else behind.
 */
export class Conductor {
  readonly #options: ConductorOptions;
  readonly #stop = new StopSwitch();
  readonly #history: HarnessHistory;
  readonly #historyDirectory: string;
  readonly #supervisor: Supervisor;
  readonly #cluster: SupervisedCluster;
  readonly #openLauncher: () => Promise<WorkerLauncher>;
  readonly #usage: OpenCluster['usage'];
  readonly #watch: OpenCluster['watch'];
  readonly #clock = new WorkersClock();
  #launcher: WorkerLauncher | undefined;
  #fleet: Fleet | undefined;
  #session: Session | undefined;
  #nemesis: { nemesis: Nemesis; over: Promise<void> } | undefined;
  #ticker: LoadTicker | undefined;
  #closing = false;
  /** From here on the run has something to be judged by. */
  #loadBegan = false;

  constructor(options: ConductorOptions) {
    this.#options = options;
    const { directory, id } = options.folder;
    this.#historyDirectory = join(directory, historyDirectoryName);
    this.#history = new HarnessHistory(this.#historyDirectory, id, (why) => this.#end(why));
    this.#supervisor = new Supervisor({
      run: id,
      directory,
      onExit: (exit) => this.#exited(exit),
      onLost: () => this.#end('the supervisor was lost, and with it every process of the run'),
    });
    const { cluster, launcher, usage, watch } = options.ground.open({
      plan: options.plan,
      supervisor: this.#supervisor,
      run: id,
      directory,
      storage: options.storage.form,
      program: options.program,
    });
    this.#cluster = cluster;
    this.#openLauncher = launcher;
    this.#usage = usage;
    this.#watch = watch;
  }

  /** Rejects only when it came to nothing that could be judged. */
  async conduct(): Promise<void> {
    const { signal } = this.#options.run;
    const interrupt = (): void => this.#end('the run was interrupted');
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    try {
      await this.#bringUp();
      await this.#load();
      await this.#drainAndRead();
    } catch (error) {
      if (!(error instanceof Stopped)) {
        if (!this.#loadBegan) throw this.#diskError(error) ?? error;
        this.#problem(
          `the run broke off: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    } finally {
      signal.removeEventListener('abort', interrupt);
      const endedNanos = monotonicNanos();
      await this.#tearDown();
      this.#options.onTornDown((monotonicNanos() - endedNanos) / 1e6);
    }
  }

  async #bringUp(): Promise<void> {
    const { plan, driver, folder } = this.#options;
    const { nodes } = plan.scenario;
    const { form, note } = this.#options.storage;
    const on = form === 'plain' ? '' : ` on ${form} storage (${note})`;
    const within = this.#cluster.housing === 'container' ? ' in containers' : '';
    this.#stage('starting', `${nodes} ${nodes === 1 ? 'node' : 'nodes'}${within}${on}`);
    const serving = this.#serve();
    serving.catch(() => undefined);
    // Containers need the networks of the cluster; processes may start while the nodes do.
    if (this.#cluster.housing === 'container') await serving;
    this.#launcher = await this.#openLauncher();
    this.#usage?.start();
    this.#fleet = new Fleet(plan, {
      supervisor: this.#supervisor,
      launcher: this.#launcher,
      run: folder.id,
      driver: driver.name,
      clock: this.#clock,
      serving,
      targetOf: (worker) => this.#cluster.target(plan.scenario.name, worker),
      onNote: (source, text) => this.#tell({ type: 'note', text: `${source}: ${text}` }),
      onProblem: (sentence) => this.#problem(sentence),
    });
    await this.#stop.unlessStopped(Promise.all([serving, this.#fleet.launch()]));
    this.#tellClock();
  }

  /** Resolves once there is a topic to send to. */
  async #serve(): Promise<void> {
    const { plan, driver, onTarget } = this.#options;
    const { topic } = plan.scenario;
    await this.#stop.unlessStopped(this.#cluster.up());
    const target = this.#cluster.target(plan.scenario.name);
    this.#session = await this.#stop.unlessStopped(driver.connect(target));
    await this.#stop.unlessStopped(
      this.#session.createTopic({
        partitions: topic.partitions,
        replicas: topic.replicas ?? 1,
        flush: topic.flush,
        replication: topic.replication,
        flushIntervalMs: topic.flushInterval,
        segmentBytes: topic.segmentSize,
      }),
    );
    onTarget({ name: driver.name, ...(await this.#stop.unlessStopped(this.#session.describe())) });
  }

  async #load(): Promise<void> {
    const { plan } = this.#options;
    const [fleet, session] = [this.#fleet!, this.#session!];
    const endMs = plan.phases.at(-1)?.endMs ?? 0;
    const originNanos = monotonicNanos() + startLeadMs * 1e6;
    this.#loadBegan = true;
    this.#watch?.start((sentence) => this.#end(sentence));
    fleet.begin(originNanos);
    this.#ticker = new LoadTicker({
      fleet,
      originNanos,
      totalMs: endMs,
      onProgress: (load) => {
        this.#tell(load);
        this.#watchDisk();
        void this.#clock.look();
      },
    });
    const inspect = inspector({
      session,
      run: this.#options.folder.id,
      historyDirectory: this.#historyDirectory,
      partitions: plan.scenario.topic.partitions,
    });
    const groups = [...new Set(plan.consumers.map(({ group }) => group))];
    const around = { cluster: this.#cluster, fleet, session, groups, inspect };
    const nemesis = new Nemesis({
      planned: plan.faults,
      faults,
      originNanos,
      endNanos: originNanos + endMs * 1e6,
      resolve: (fault) => resolveSite(fault, around),
      measure: (fault, site) => this.#measureExposure(fault, site),
      settle: (signal) => settle(around, signal),
      record: (event) => this.#faultStep(event),
    });
    this.#nemesis = { nemesis, over: nemesis.run() };
    for (const phase of plan.phases) {
      await this.#stop.until(originNanos + phase.startMs * 1e6);
      this.#history.phase(phase.name, originNanos + phase.startMs * 1e6);
      if (phase === plan.phases[0]) this.#stage(phase.measured ? 'running' : 'warming-up', '');
      else if (phase === plan.phases.find(({ measured }) => measured)) this.#stage('running', '');
      this.#tell({ type: 'phase', name: phase.name, startMs: phase.startMs, endMs: phase.endMs });
    }
    await this.#stop.until(originNanos + endMs * 1e6);
    this.#history.phase('drain', originNanos + endMs * 1e6);
    this.#stage('healing', '');
    await this.#stop.unlessStopped(this.#nemesis.over);
    await this.#endLoad(originNanos);
  }

  /** Only where messages may be lost: elsewhere it would only come between plan and deed. */
  async #measureExposure(fault: PlannedFault, site: FaultSite): Promise<Stake> {
    const hit = {
      kind: fault.kind,
      nodes: site.victims.flatMap(({ target, number }) => (target === 'node' ? [number] : [])),
      options: fault.options,
    };
    const runs = async (node: number): Promise<boolean> =>
      (await this.#cluster.state(node)) === 'running';
    const measured = await measureExposure(this.#session, this.#options.plan, hit, runs);
    return {
      nothing: measured !== undefined && unsafeOf(measured) === 0,
      keep: () => {
        if (measured !== undefined) this.#options.onExposure(fault.id, measured);
      },
    };
  }

  async #endLoad(originNanos: number): Promise<void> {
    const fleet = this.#fleet!;
    const onGoOn = (sentence: string): void => {
      this.#history.note('harness', sentence);
      this.#tell({ type: 'note', text: sentence });
    };
    const { plan } = this.#options;
    if (await endLoad({ plan, fleet, stop: this.#stop, originNanos, onGoOn })) return;
    this.#problem('a producer did not learn the outcome of all that it had sent');
    // What is acked after the final read would look lost.
    await this.#stop.unlessStopped(Promise.all(fleet.producers.map((producer) => producer.stop())));
  }

  async #drainAndRead(): Promise<void> {
    const { plan, driver, folder } = this.#options;
    await drainAndRead({
      run: folder.id,
      plan,
      driver,
      session: this.#session!,
      cluster: this.#cluster,
      fleet: this.#fleet!,
      stop: this.#stop,
      history: this.#history,
      historyDirectory: this.#historyDirectory,
      onStage: (stage) => this.#stage(stage, ''),
      onDrained: async () => {
        await this.#clock.lookLast();
        this.#tellClock();
      },
    });
  }

  #tellClock(): void {
    const { carried } = this.#clock;
    if (carried !== undefined) this.#options.onClock(carried);
  }

  /** Heals first, then ends what talks before what is talked to. Nothing keeps it from the rest. */
  async #tearDown(): Promise<void> {
    this.#stage('stopping', '');
    this.#watch?.stop();
    this.#ticker?.stop();
    this.#nemesis?.nemesis.abort();
    await this.#untilHealed();
    this.#closing = true;
    const grace = this.#stop.thrown ? interruptGraceMs : undefined;
    const steps: (() => Promise<unknown> | undefined)[] = [
      () => this.#usage?.stop().then((usage) => this.#options.onUsage(usage)),
      () => Promise.all(this.#fleet?.all.map((worker) => worker.stop(grace)) ?? []),
      () => this.#session?.close(),
      () => this.#cluster.down(),
      () => this.#releaseRest(),
      () => this.#launcher?.close(),
    ];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        // A lost supervisor, for one: what it owned is gone, which is what was wanted.
        this.#note(`tear-down: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    this.#missHistories();
    if (!this.#options.run.keepData) {
      rmSync(join(this.#options.folder.directory, dataDirectoryName), {
        recursive: true,
        force: true,
      });
    }
    // Last, since on a full disk there is room for its end only now.
    this.#history.close();
  }

  /** Within limits. Where the supervisor was lost there is nothing left to heal, which shows at once. */
  async #untilHealed(): Promise<void> {
    const patience = new AbortController();
    const { signal } = patience;
    // It keeps the process alive, since without a supervisor perhaps nothing else does.
    const tooLong = sleep(healMsMax, undefined, { signal }).catch(() => undefined);
    await Promise.race([this.#nemesis?.over, tooLong]);
    patience.abort();
  }

  /** Without one of them acked messages may be missed, and nobody would know. */
  #missHistories(): void {
    for (const worker of this.#fleet?.histories() ?? []) {
      if (existsSync(join(this.#historyDirectory, `${worker}.ackh`))) continue;
      const sentence = `the history of ${worker} is missing: what it sent or was given is not known`;
      this.#options.onProblem(sentence);
      this.#note(sentence);
    }
  }

  /** Also what a supervisor that was killed was about to mount. */
  async #releaseRest(): Promise<void> {
    const directory = join(this.#options.folder.directory, dataDirectoryName);
    const problems = [...(await this.#supervisor.close()), ...(await releaseBelow(directory))];
    for (const problem of problems) this.#note(problem);
  }

  #note(text: string): void {
    this.#history.note('harness', text);
    this.#tell({ type: 'note', text });
  }

  #faultStep(event: FaultEvent): void {
    this.#history.fault(event);
    const { kind, victims, step, proof } = event;
    if (step === 'heal-requested') return;
    this.#tell({ type: 'fault', kind, victims, step, evidence: proof });
  }

  #exited({
    name,
    process: identity,
    code,
    signal,
    atNanos,
  }: Extract<Notice, { type: 'exited' }>): void {
    const how = signal === null ? `exit code ${code}` : signal;
    this.#fleet?.exited(name, identity, how, atNanos);
    const sentence = this.#cluster.exited(name, how);
    if (sentence !== undefined) this.#problem(sentence);
  }

  /** On a full disk all that is left is to end in good order: it only gets worse. */
  #watchDisk(): void {
    const full = fullDisk(this.#options.folder.directory);
    if (full !== undefined) this.#end(full);
  }

  /** What could not begin on a full disk fails in many ways, and none of them says why. */
  #diskError(cause: unknown): HarnessError | undefined {
    const full = fullDisk(this.#options.folder.directory);
    return full === undefined ? undefined : new HarnessError('environment', full, { cause });
  }

  #problem(sentence: string): void {
    if (this.#closing) return;
    this.#options.onProblem(sentence);
    this.#note(sentence);
    if (!this.#stop.thrown) this.#watchDisk();
  }

  #end(reason: string): void {
    if (this.#stop.thrown) return;
    this.#stop.throw();
    this.#problem(reason);
  }

  #stage(stage: Stage, detail: string): void {
    this.#tell({ type: 'stage', stage, detail });
  }

  #tell(progress: Progress): void {
    this.#options.run.onProgress(progress);
  }
}
