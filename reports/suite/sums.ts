import type { SuiteCell, SuiteMode, SuiteRecord } from '../../harness/record/suite.ts';
import { commonRate } from '../price-of-safety.ts';

/** What the cells of a suite come to, per mode and fault and per mode and rate, over the repeats. */

export type Fault = NonNullable<SuiteCell['worth']>['fault'];
export type Quantiles = NonNullable<SuiteCell['price']>['response'];
export type LossClass = NonNullable<SuiteCell['worth']>['observed'];

const faultOrder: readonly Fault[] = [
  'kill-leader',
  'power-cut-leader',
  'power-cut-all',
  'cut-off-leader',
  'own-faults',
];

/** As headings and in sentences: "kill -9, leader". */
export const faultNames: Readonly<Record<Fault, string>> = {
  'kill-leader': 'kill -9, leader',
  'power-cut-leader': 'power cut, leader',
  'power-cut-all': 'power cut, all nodes',
  'cut-off-leader': 'leader cut off',
  'own-faults': 'the scenario’s own faults',
};

/** One mode under one fault. */
export interface WorthSum {
  readonly mode: SuiteMode;
  readonly fault: Fault;
  readonly promise: NonNullable<SuiteCell['worth']>['promise'];
  /** The worst of the repeats. */
  readonly observed: LossClass;
  readonly acked: number;
  readonly lost: number;
  readonly vanished: number;
  readonly passedOver: number;
  /** Null unless every repeat measured it. */
  readonly exposure: number | null;
  readonly duplicates: number;
  readonly reordered: number;
  readonly unknown: number;
  /** The slowest; null unless every repeat measured it. */
  readonly recoveryMs: number | null;
  readonly lossWindowMs: number | null;
  readonly faultsConfirmed: number;
  /** Of all confirmed faults together; null unless none of them lost. */
  readonly lossBound: number | null;
  readonly cells: readonly SuiteCell[];
}

/** One mode at one rate. */
export interface PriceSum {
  readonly mode: SuiteMode;
  readonly targetRate: number;
  /** The lowest of the repeats. */
  readonly acked: number;
  /** By every repeat. */
  readonly sustained: boolean;
  /** Microseconds, the worst of the repeats; null where one of them had too few samples. */
  readonly service: Quantiles;
  readonly response: Quantiles;
  readonly endToEnd: Quantiles;
  readonly doubtful: boolean;
}

export function modeName({ id }: Pick<SuiteMode, 'id'>): string {
  return id.replaceAll(' x ', ' × ');
}

/** Faults of which there is at least one cell, in the order of the promise table. */
export function faultsOf({ cells }: SuiteRecord): Fault[] {
  return faultOrder.filter((fault) => cells.some(({ worth }) => worth?.fault === fault));
}

export function worthOf(suite: SuiteRecord, mode: SuiteMode, fault: Fault): WorthSum | undefined {
  const cells = suite.cells.filter((cell) => cell.mode === mode.id && cell.worth?.fault === fault);
  const found = cells.flatMap(({ worth }) => worth ?? []);
  const [first] = found;
  if (first === undefined) return undefined;
  const sum = (pick: (worth: NonNullable<SuiteCell['worth']>) => number): number =>
    found.reduce((total, worth) => total + pick(worth), 0);
  const faultsConfirmed = sum((worth) => worth.faultsConfirmed);
  const bounded = found.every(({ lossBound }) => lossBound !== null) && faultsConfirmed > 0;
  const windows = found.flatMap(({ lossWindowMs }) => lossWindowMs ?? []);
  const exposures = found.map(({ exposure }) => exposure);
  return {
    mode,
    fault,
    promise: first.promise,
    observed: worst(found.map(({ observed }) => observed)),
    acked: sum(({ acked }) => acked),
    lost: sum(({ lost }) => lost),
    vanished: sum(({ vanished }) => vanished),
    passedOver: sum(({ passedOver }) => passedOver),
    exposure: exposures.includes(null) ? null : sum(({ exposure }) => exposure ?? 0),
    duplicates: sum(({ duplicates }) => duplicates),
    reordered: sum(({ reordered }) => reordered),
    unknown: sum(({ unknown }) => unknown),
    recoveryMs: highest(found.map(({ recoveryMs }) => recoveryMs)),
    lossWindowMs: windows.length === 0 ? null : Math.max(...windows),
    faultsConfirmed,
    lossBound: bounded ? 1 - 0.05 ** (1 / faultsConfirmed) : null,
    cells,
  };
}

/** Every mode under every fault, as far as it was run. */
export function worths(suite: SuiteRecord): WorthSum[] {
  return suite.modes.flatMap((mode) =>
    faultsOf(suite).flatMap((fault) => worthOf(suite, mode, fault) ?? []),
  );
}

/** The rates of a mode that were run, from the lowest. */
export function pricesOf(suite: SuiteRecord, mode: SuiteMode): PriceSum[] {
  const found = suite.cells.flatMap(({ mode: of, price }) =>
    of === mode.id && price !== null ? [price] : [],
  );
  const rates = [...new Set(found.map(({ targetRate }) => targetRate))].sort((a, b) => a - b);
  return rates.map((targetRate) => {
    const repeats = found.filter((price) => price.targetRate === targetRate);
    return {
      mode,
      targetRate,
      acked: Math.min(...repeats.map(({ acked }) => acked)),
      sustained: repeats.every(({ sustained }) => sustained),
      service: worstOf(repeats.map(({ service }) => service)),
      response: worstOf(repeats.map(({ response }) => response)),
      endToEnd: worstOf(repeats.map(({ endToEnd }) => endToEnd)),
      doubtful: repeats.some(({ doubtful }) => doubtful.length > 0),
    };
  });
}

export function sustainedRate(suite: SuiteRecord, { id }: SuiteMode): number | null {
  return suite.sustainedRates.find(({ mode }) => mode === id)?.rate ?? null;
}

/** The highest rate at which all modes can be compared that sustained any. */
export function rateInCommon(suite: SuiteRecord): number | undefined {
  const able = suite.modes.filter((mode) => sustainedRate(suite, mode) !== null);
  return able.length === 0 ? undefined : commonRate(suite, ...able.map(({ id }) => id));
}

/** All faults of a mode together; `inconclusive` also where one of its cells has not been run. */
export function lossClassOf(suite: SuiteRecord, mode: SuiteMode): LossClass {
  const cells = suite.cells.filter((cell) => cell.mode === mode.id && cell.kind === 'worth');
  const observed = cells.map(({ worth }) => worth?.observed ?? ('inconclusive' as const));
  return observed.length === 0 ? 'inconclusive' : worst(observed);
}

/** What is certain outweighs what is not: a loss that was seen is no longer an open question. */
const gravest: readonly LossClass[] = ['violated', 'allowed', 'inconclusive', 'none'];

function worst(observed: readonly LossClass[]): LossClass {
  return gravest.find((one) => observed.includes(one)) ?? 'inconclusive';
}

function worstOf(repeats: readonly Quantiles[]): Quantiles {
  return {
    p50: highest(repeats.map(({ p50 }) => p50)),
    p99: highest(repeats.map(({ p99 }) => p99)),
    p999: highest(repeats.map(({ p999 }) => p999)),
  };
}

function highest(values: readonly (number | null)[]): number | null {
  const known = values.flatMap((value) => value ?? []);
  return known.length === values.length && known.length > 0 ? Math.max(...known) : null;
}
