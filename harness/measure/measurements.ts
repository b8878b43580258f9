import type { HistoryHeader, PhaseEvent } from '../history/events.ts';
import { mergeHistories } from '../history/merge.ts';
import { historyFiles, readHistory, readHistoryHeader } from '../history/reader.ts';
import { groupOfWorker } from '../history/worker-name.ts';
import { messagesOf } from '../load/arrival.ts';
import { count } from '../record/count.ts';
import type { Latency, RunRecord } from '../record/record.ts';
import type { PlannedConsumer, PlannedPhase } from '../scenario/plan-types.ts';
import { doubtOfCarried } from './clock-offset.ts';
import { Delivered } from './delivered.ts';
import { InFlight } from './in-flight.ts';
import { LatencyHistogram } from './latency.ts';
import { Saturation } from './saturation.ts';
import { timelineOf } from './timeline.ts';
import type { PhaseMark, Stretch } from './timeline.ts';
import { Windows } from './windows.ts';

export interface MeasureOptions {
  readonly directory: string;
  readonly phases: readonly PlannedPhase[];
  readonly consumers: readonly PlannedConsumer[];
  /** By how much times that were carried over from another clock may be off; null = nobody knows. */
  readonly clockBoundMs?: number | null;
}

export interface Measurements extends Pick<
  RunRecord,
  'latency' | 'phases' | 'series' | 'heatMap' | 'saturation'
> {
  /** When the load began: what all `atMs` count from. Null when nothing was sent. */
  readonly originNanos: number | null;
  /** Null when nothing was. */
  readonly firstAckedNanos: number | null;
  readonly throughput: RunRecord['throughput'];
  /** What became of the messages that were due in the measured phases. */
  readonly due: { readonly due: number; readonly acked: number; readonly failed: number };
  /** Of all of those: one without a response is slower than any. */
  readonly dueResponseP99Ms: number | null;
  /** Why these figures are in doubt, as sentences; empty when they are not. */
  readonly doubts: readonly string[];
}

/**
 * Everything that is counted and timed in a run, from its history alone, in one pass over each file
 * and with memory bounded by what is in flight. An operation belongs to the phase in which it was
 * due; a rate counts what happened during the measured phases. An end-to-end sample is the first
 * delivery of a message to a group.
 */
export function measure(options: MeasureOptions): Measurements {
  return new Measuring(options).result();
}

const latencyNames = {
  service: 'service',
  response: 'response',
  endToEnd: 'end-to-end',
  scheduleLag: 'schedule lag',
  failure: 'failure',
} as const;
const latencies = Object.keys(latencyNames) as (keyof typeof latencyNames)[];

/** The sums of one stretch of the run. */
interface PhaseSums {
  readonly stretch: Stretch;
  offered: number;
  acked: number;
  readonly response: LatencyHistogram;
}

class Measuring {
  readonly #options: MeasureOptions;
  readonly #files: readonly { file: string; header: HistoryHeader }[];
  readonly #groups: readonly string[];
  readonly #originNanos: number | null;
  readonly #windows: Windows;
  readonly #saturation: Saturation;
  readonly #phases: readonly PhaseSums[];
  readonly #measuredMs: number;
  readonly #service = new LatencyHistogram();
  readonly #response = new LatencyHistogram();
  readonly #endToEnd = new LatencyHistogram();
  readonly #scheduleLag = new LatencyHistogram();
  readonly #failure = new LatencyHistogram();
  #offered = 0;
  #acked = 0;
  /** As the workers report it, also what was never offered. */
  #dueReported = 0;
  #failed = 0;
  readonly #consumed: number[];
  #firstAckedNanos = Infinity;
  #foreignClock = false;

  constructor(options: MeasureOptions) {
    this.#options = options;
    this.#files = historyFiles(options.directory).flatMap((file) => {
      const header = readHistoryHeader(file);
      return header === null ? [] : [{ file, header }];
    });
    this.#groups = [...new Set(options.consumers.map(({ group }) => group))];
    this.#consumed = this.#groups.map(() => 0);
    const marks = this.#marks();
    this.#originNanos = marks[0]?.time ?? this.#firstIntended();
    const origin = this.#originNanos ?? 0;
    this.#windows = new Windows(origin, this.#groups.length);
    this.#saturation = new Saturation(
      origin,
      (nanos) => this.#phaseAt(nanos)?.stretch.measured ?? false,
    );
    const inMs: PhaseMark[] = marks.map(({ name, time }) => ({
      name,
      atMs: (time - origin) / 1e6,
    }));
    const timeline = timelineOf(options.phases, inMs, inMs.at(-1)?.atMs ?? 0);
    this.#phases = timeline.map((stretch) => ({
      stretch,
      offered: 0,
      acked: 0,
      response: new LatencyHistogram(),
    }));
    this.#measuredMs = timeline.reduce(
      (sum, { measured, startMs, endMs }) => sum + (measured ? endMs - startMs : 0),
      0,
    );
  }

  result(): Measurements {
    for (const { file } of this.#ofRole('producer')) this.#producer(file);
    this.#consumers();
    const responseP99 = this.#response.quantile(0.99);
    const saturation = this.#saturation.summary(responseP99);
    const perSecond = (count: number) =>
      this.#measuredMs === 0 ? 0 : (count * 1000) / this.#measuredMs;
    const measured = this.#options.phases.filter((phase) => phase.measured);
    const plannedMs = measured.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
    const due = this.#due();
    const answered = due.acked === 0 ? 0 : due.acked / due.due;
    const dueP99 = answered < 0.99 ? null : this.#response.quantile(0.99 / answered);
    const latency = {
      service: taken(this.#service),
      response: taken(this.#response),
      endToEnd: taken(this.#endToEnd),
      scheduleLag: taken(this.#scheduleLag),
      failure: taken(this.#failure),
    };
    return {
      originNanos: this.#originNanos,
      firstAckedNanos: this.#firstAckedNanos === Infinity ? null : this.#firstAckedNanos,
      latency,
      phases: this.#phases.map(({ stretch, offered, acked, response }) => {
        const { histogram: _, ...summary } = taken(response);
        return { ...stretch, offered, acked, response: summary };
      }),
      due,
      dueResponseP99Ms: dueP99 === null ? null : dueP99 / 1e6,
      throughput: {
        offered: perSecond(this.#offered),
        acked: perSecond(this.#acked),
        consumed: perSecond(this.#consumed.length === 0 ? 0 : Math.min(...this.#consumed)),
        targetRate:
          plannedMs === 0
            ? 0
            : measured.reduce((sum, phase) => sum + messagesOf(phase), 0) / (plannedMs / 1000),
      },
      series: this.#windows.series(),
      heatMap: this.#windows.heatMap(),
      saturation,
      doubts: this.#doubts(this.#saturation.doubt(responseP99), latency),
    };
  }

  #due(): Measurements['due'] {
    const measured = this.#phases.filter(({ stretch }) => stretch.measured);
    const offered = measured.reduce((sum, phase) => sum + phase.offered, 0);
    const acked = measured.reduce((sum, phase) => sum + phase.acked, 0);
    return { due: Math.max(offered, this.#dueReported), acked, failed: this.#failed };
  }

  #ofRole(role: HistoryHeader['role']): readonly { file: string; header: HistoryHeader }[] {
    return this.#files.filter(({ header }) => header.role === role);
  }

  #marks(): PhaseEvent[] {
    const marks: PhaseEvent[] = [];
    for (const { file } of this.#ofRole('harness')) {
      readHistory(file, { phase: (event) => void marks.push(event) });
    }
    return marks;
  }

  /** Where a harness was killed before it wrote its first phase. */
  #firstIntended(): number | null {
    let first: number | null = null;
    for (const { file } of this.#ofRole('producer')) {
      readHistory(file, {
        invoke: ({ intended }) => {
          if (first === null || intended < first) first = intended;
        },
      });
    }
    return first;
  }

  #producer(file: string): void {
    const inFlight = new InFlight();
    const seconds = this.#saturation.worker();
    const windows = this.#windows;
    readHistory(file, {
      invoke: (event) => {
        const { sequence, intended, time } = event;
        inFlight.put(sequence, intended, time);
        windows.at(intended).due++;
        windows.at(time).offered++;
        seconds.invoke(event);
        if (this.#phaseAt(time)?.stretch.measured) this.#offered++;
        const phase = this.#phaseAt(intended);
        if (phase === undefined) return;
        phase.offered++;
        if (phase.stretch.measured) this.#scheduleLag.record(time - intended);
      },
      complete: ({ sequence, outcome, time }) => {
        const window = windows.at(time);
        if (outcome === 'ok') this.#firstAckedNanos = Math.min(this.#firstAckedNanos, time);
        if (outcome === 'ok') window.acked++;
        else if (outcome === 'fail') window.failed++;
        else window.unknown++;
        if (outcome === 'ok' && this.#phaseAt(time)?.stretch.measured) this.#acked++;
        if (!inFlight.take(sequence)) return;
        const phase = this.#phaseAt(inFlight.intended);
        const measured = phase?.stretch.measured ?? false;
        const response = time - inFlight.intended;
        if (outcome !== 'ok') {
          if (measured) {
            this.#failure.record(response);
            this.#failed++;
          }
          return;
        }
        const service = time - inFlight.time;
        windows.response(time, response);
        window.service.record(service);
        if (phase !== undefined) {
          phase.acked++;
          phase.response.record(response);
        }
        if (measured) {
          this.#response.record(response);
          this.#service.record(service);
        }
      },
      second: (event) => {
        windows.at(event.time - 0.5e9).dueReported += event.due;
        if (this.#phaseAt(event.time - 0.5e9)?.stretch.measured) this.#dueReported += event.due;
        seconds.second(event);
      },
    });
  }

  #consumers(): void {
    const producers = new Set(this.#ofRole('producer').map(({ header }) => header.clockDomain));
    // A consumer that the plan does not know counts for no group; the judge calls it damage.
    const files = this.#ofRole('consumer').flatMap(({ file, header }) => {
      const group = groupOfWorker(header.worker, this.#options.consumers);
      return group === undefined ? [] : [{ file, header, group: this.#groups.indexOf(group) }];
    });
    const sameClock = files.map(({ header }) =>
      [...producers].every((domain) => domain === header.clockDomain),
    );
    this.#foreignClock = sameClock.includes(false);
    const delivered = this.#groups.map(() => new Delivered());
    const windows = this.#windows;
    let source = 0;
    mergeHistories(
      files.map(({ file }) => file),
      {
        delivery: (event) => {
          const { partition, offset, redelivered, intended, time } = event;
          if (!event.intact || event.foreign) return;
          const { group } = files[source]!;
          if (!delivered[group]!.isFirst(partition, offset, redelivered)) return;
          const window = windows.at(time);
          window.consumed[group]!++;
          if (this.#phaseAt(time)?.stretch.measured) this.#consumed[group]!++;
          if (!sameClock[source]) return;
          window.endToEnd.record(time - intended);
          if (this.#phaseAt(intended)?.stretch.measured) this.#endToEnd.record(time - intended);
        },
        position: ({ type, partition, offset }) => {
          if (type === 'diverged') delivered[files[source]!.group]!.cut(partition, offset);
        },
      },
      (from) => {
        source = from;
      },
    );
  }

  #phaseAt(nanos: number): PhaseSums | undefined {
    const atMs = (nanos - (this.#originNanos ?? 0)) / 1e6;
    for (const phase of this.#phases)
      if (atMs >= phase.stretch.startMs && atMs < phase.stretch.endMs) return phase;
    return undefined;
  }

  #doubts(saturated: string | undefined, latency: RunRecord['latency']): string[] {
    const doubts: string[] = [];
    if (saturated !== undefined) doubts.push(saturated);
    for (const name of latencies) {
      const { negative, count: kept } = latency[name];
      if (negative === 0) continue;
      const all = count(negative + kept);
      doubts.push(
        `clocks disagree: ${count(negative)} of ${all} ${latencyNames[name]} times are negative and left out`,
      );
    }
    const isCarried = this.#files.some(({ header }) => header.carried !== undefined);
    const carried = isCarried ? doubtOfCarried(this.#options.clockBoundMs ?? null) : undefined;
    if (carried !== undefined) doubts.push(carried);
    if (this.#foreignClock)
      doubts.push('consumers on another machine: their end-to-end times are left out');
    return doubts;
  }
}

function taken(histogram: LatencyHistogram): Latency {
  const summary = histogram.summary();
  histogram.destroy();
  return summary;
}
