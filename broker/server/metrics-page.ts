import { Counter, Gauge, Registry } from 'prom-client';
import type { Metrics } from './metrics.ts';
import type { NodeParts } from './node-parts.ts';

type CountName = Exclude<keyof Metrics, 'errors' | 'countError'>;

const counters: Readonly<Record<CountName, string>> = {
  bytesIn: 'Bytes received from clients and peers.',
  bytesOut: 'Bytes answered to clients and peers.',
  connectionsAccepted: 'Connections accepted.',
  connectionsRefused: 'Connections closed at once because there were too many.',
  requests: 'Frames received, of clients and peers.',
  httpRequests: 'Requests to the HTTP gateway.',
  batchesAcked: 'Record batches acknowledged to producers.',
  recordsAppended: 'Records appended as leader.',
  duplicates: 'Batches recognised as copies of earlier ones.',
  fetches: 'Fetch requests.',
  peerFramesIn: 'Raft frames received.',
  peerFramesOut: 'Raft frames sent.',
  peerMessagesDropped: 'Raft messages that could not be sent.',
  elections: 'Times this node became leader of a partition.',
};

/**
 * `/metrics` in the Prometheus text format. The numbers are read off the node when somebody asks;
 * nothing on the hot path knows of this page.
 */
export class MetricsPage {
  readonly #registry = new Registry();

  constructor(parts: NodeParts) {
    const registers = [this.#registry];
    for (const name of Object.keys(counters) as CountName[]) {
      new Counter({
        name: `ackworth_${snake(name)}_total`,
        help: counters[name],
        registers,
        collect() {
          this.reset();
          this.inc(parts.metrics[name]);
        },
      });
    }
    new Counter({
      name: 'ackworth_errors_total',
      help: 'Requests answered with an error, by code.',
      labelNames: ['code'],
      registers,
      collect() {
        this.reset();
        for (const [code, count] of parts.metrics.errors) this.inc({ code }, count);
      },
    });
    this.#gauges(parts, registers);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  render(): Promise<string> {
    return this.#registry.metrics();
  }

  #gauges(parts: NodeParts, registers: Registry[]): void {
    const gauge = (name: string, help: string, read: () => number): void => {
      new Gauge({
        name: `ackworth_${name}`,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    };
    const { budget } = parts;
    gauge('in_flight_bytes', 'Requests not answered yet.', () => budget.inFlightBytes);
    gauge('output_bytes', 'Answers not taken yet.', () => budget.outputBytes);
    gauge('resident_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss());
    const perPartition = (
      name: string,
      help: string,
      read: (status: ReturnType<NodeParts['system']['status']>) => number,
    ): void => {
      new Gauge({
        name: `ackworth_${name}`,
        help,
        labelNames: ['group'],
        registers,
        collect() {
          this.reset();
          for (const status of [parts.system.status(), ...parts.replicas.statuses()]) {
            this.set({ group: String(status.groupId) }, read(status));
          }
        },
      });
    };
    perPartition('leader', '1 where this node leads the Raft group.', (status) =>
      status.role === 'leader' ? 1 : 0,
    );
    perPartition('term', 'Raft term.', (status) => status.term);
    perPartition('commit_index', 'Raft commit index.', (status) => status.commitIndex);
    perPartition(
      'high_watermark',
      'Offset behind the last committed record.',
      (status) => status.highWatermark,
    );
    perPartition(
      'log_end_offset',
      'Offset behind the last record.',
      (status) => status.logEndOffset,
    );
  }
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
