import type { RecordedSecond, RunRecord } from '../record/record.ts';
import { WindowHistogram } from './window-histogram.ts';

const windowsMax = 600;
const columnsMax = 150;
const lowestCell = -40;
const cellsMax = 400;

/** What happened in one stretch of time; `consumed` per group. */
class Window {
  due = 0;
  dueReported = 0;
  offered = 0;
  acked = 0;
  failed = 0;
  unknown = 0;
  readonly consumed: number[];
  readonly response = new WindowHistogram();
  readonly service = new WindowHistogram();
  readonly endToEnd = new WindowHistogram();
  readonly cells = new Uint32Array(cellsMax);

  constructor(groups: number) {
    this.consumed = Array.from({ length: groups }, () => 0);
  }

  add(other: Window): void {
    this.due += other.due;
    this.dueReported += other.dueReported;
    this.offered += other.offered;
    this.acked += other.acked;
    this.failed += other.failed;
    this.unknown += other.unknown;
    other.consumed.forEach((count, group) => (this.consumed[group]! += count));
    this.response.add(other.response);
    this.service.add(other.service);
    this.endToEnd.add(other.endToEnd);
    for (let cell = 0; cell < cellsMax; cell++) this.cells[cell]! += other.cells[cell]!;
  }
}

/**
 * The run in windows of one second from its origin. When they exceed 600, neighbours are joined and
 * the width doubles: memory and record stay bounded however long the run is. What lies before the
 * origin counts into the first window.
 */
export class Windows {
  #windows: Window[] = [];
  #widthMs = 1000;
  readonly #originNanos: number;
  readonly #groups: number;

  constructor(originNanos: number, groups: number) {
    this.#originNanos = originNanos;
    this.#groups = groups;
  }

  at(nanos: number): Window {
    let index = Math.max(0, Math.floor((nanos - this.#originNanos) / 1e6 / this.#widthMs));
    while (index >= windowsMax) {
      this.#fold();
      index = Math.floor(index / 2);
    }
    while (this.#windows.length <= index) this.#windows.push(new Window(this.#groups));
    return this.#windows[index]!;
  }

  response(nanos: number, latencyNanos: number): void {
    const window = this.at(nanos);
    window.response.record(latencyNanos);
    if (latencyNanos >= 0) window.cells[cellOf(latencyNanos)]!++;
  }

  series(): RecordedSecond[] {
    let acked = 0;
    const consumed = Array.from({ length: this.#groups }, () => 0);
    const slowest = this.#slowestGroup();
    return this.#windows.map((window, index) => {
      acked += window.acked;
      window.consumed.forEach((count, group) => (consumed[group]! += count));
      const behind = this.#groups === 0 ? 0 : acked - Math.min(...consumed);
      return {
        atMs: index * this.#widthMs,
        widthMs: this.#widthMs,
        due: Math.max(window.due, window.dueReported),
        offered: window.offered,
        acked: window.acked,
        failed: window.failed,
        unknown: window.unknown,
        consumed: window.consumed[slowest] ?? 0,
        lag: Math.max(0, behind),
        responseP50: micros(window.response.quantile(0.5)),
        responseP99: micros(window.response.quantile(0.99)),
        responseMax: micros(window.response.maxNanos),
        serviceP50: micros(window.service.quantile(0.5)),
        serviceP99: micros(window.service.quantile(0.99)),
        endToEndP50: micros(window.endToEnd.quantile(0.5)),
        endToEndP99: micros(window.endToEnd.quantile(0.99)),
        endToEndMax: micros(window.endToEnd.maxNanos),
      };
    });
  }

  heatMap(): RunRecord['heatMap'] {
    const perColumn = Math.max(1, Math.ceil(this.#windows.length / columnsMax));
    const columns: RunRecord['heatMap'] = [];
    for (let from = 0; from < this.#windows.length; from += perColumn) {
      const joined = new Uint32Array(cellsMax);
      for (const window of this.#windows.slice(from, from + perColumn)) {
        for (let cell = 0; cell < cellsMax; cell++) joined[cell]! += window.cells[cell]!;
      }
      const cells: [number, number][] = [];
      joined.forEach((count, cell) => {
        if (count > 0) cells.push([cell + lowestCell, count]);
      });
      columns.push({ atMs: from * this.#widthMs, widthMs: perColumn * this.#widthMs, cells });
    }
    return columns;
  }

  #slowestGroup(): number {
    const totals = Array.from({ length: this.#groups }, () => 0);
    for (const window of this.#windows)
      window.consumed.forEach((count, group) => (totals[group]! += count));
    return totals.indexOf(Math.min(...totals));
  }

  #fold(): void {
    const folded: Window[] = [];
    for (let index = 0; index < this.#windows.length; index += 2) {
      const window = this.#windows[index]!;
      const next = this.#windows[index + 1];
      if (next !== undefined) window.add(next);
      folded.push(window);
    }
    this.#windows = folded;
    this.#widthMs *= 2;
  }
}

function cellOf(nanos: number): number {
  const cell = Math.floor(8 * Math.log2(nanos / 1000)) - lowestCell;
  return cell < 0 ? 0 : cell < cellsMax ? cell : cellsMax - 1;
}

function micros(nanos: number | null): number | null {
  return nanos === null ? null : Math.round(nanos / 100) / 10;
}
