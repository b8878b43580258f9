import { Listr, type ListrTaskWrapper, type DefaultRenderer, type SimpleRenderer } from 'listr2';
import type { Progress, Stage } from '../run/run-types.ts';

/** Shows a run while it goes on. `end` must be called, also after an error. */
export interface ProgressView {
  show(progress: Progress): void;
  end(): Promise<void>;
}

const titles: Record<Stage, string> = {
  probing: 'Probe the machine',
  starting: 'Start the cluster',
  'warming-up': 'Warm up',
  running: 'Run the load',
  healing: 'Heal',
  draining: 'Drain',
  reading: 'Read the log through every node',
  stopping: 'Tear down',
  judging: 'Judge',
};
const stages = Object.keys(titles) as Stage[];

/** Live on a terminal, plain lines elsewhere; always on standard error, so that results can be piped. */
export function progressView(): ProgressView {
  return process.stderr.isTTY ? liveView() : lineView((line) => process.stderr.write(`${line}\n`));
}

/** One line per stage, phase, fault and note, and one every ten seconds of load. */
export function lineView(print: (line: string) => void): ProgressView {
  let loadLines = 0;
  return {
    show(progress) {
      if (progress.type === 'stage') {
        print(`${titles[progress.stage]}${progress.detail === '' ? '' : `: ${progress.detail}`}`);
      } else if (progress.type !== 'load' || loadLines++ % 10 === 9) {
        print(`  ${describe(progress)}`);
      }
    },
    end: async () => {},
  };
}

type Task = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof SimpleRenderer>;

function liveView(): ProgressView {
  const open = new Map<Stage, { task?: Task; end: () => void; ended: Promise<void> }>();
  for (const stage of stages) {
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    open.set(stage, { end, ended });
  }
  let current: Stage | undefined;
  const list = new Listr(
    stages.map((stage) => ({
      title: titles[stage],
      task: (_context: unknown, task: Task) => {
        open.get(stage)!.task = task;
        return open.get(stage)!.ended;
      },
      rendererOptions: { bottomBar: 6, persistentOutput: stage === 'running' },
    })),
    { concurrent: false, renderer: 'default', registerSignalListeners: false },
  );
  const running = list.run();
  const endThrough = (last: number): void => {
    for (const stage of stages.slice(0, last)) open.get(stage)!.end();
  };
  return {
    show(progress) {
      if (progress.type === 'stage') {
        current = progress.stage;
        endThrough(stages.indexOf(current));
        return;
      }
      const task = current === undefined ? undefined : open.get(current)!.task;
      if (task === undefined) return;
      if (progress.type === 'load') task.title = `${titles[current!]}: ${describe(progress)}`;
      else task.output = describe(progress);
    },
    async end() {
      endThrough(stages.length);
      await running;
    },
  };
}

function describe(progress: Exclude<Progress, { type: 'stage' }>): string {
  switch (progress.type) {
    case 'phase':
      return `phase ${progress.name} (${seconds(progress.startMs)} to ${seconds(progress.endMs)})`;
    case 'load': {
      const p99 =
        progress.responseP99Ms === null
          ? ''
          : `, response p99 ${progress.responseP99Ms.toFixed(1)} ms`;
      return (
        `${timeOf(progress)}, ` +
        `acked ${whole(progress.acked)} (${whole(progress.ackedPerSecond)}/s), ` +
        `${whole(progress.inFlight)} in flight, delivered ${whole(progress.delivered)}${p99}`
      );
    }
    case 'fault':
      return `${progress.kind} ${progress.victims.join(', ')}: ${progress.step} ${progress.evidence}`.trimEnd();
    case 'note':
      return progress.text;
  }
}

function timeOf({ atMs, totalMs }: Extract<Progress, { type: 'load' }>): string {
  if (atMs <= totalMs) return `${seconds(Math.max(0, atMs))} of ${seconds(totalMs)}`;
  return `${seconds(atMs - totalMs)} after the load`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(0)} s`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
