import type { SuiteCell, SuiteMode } from '../record/suite.ts';

/** What one run of a grid is to find out. */
export type Work =
  | { readonly kind: 'price'; readonly rate: number }
  | { readonly kind: 'worth'; readonly fault: NonNullable<SuiteCell['worth']>['fault'] };

export interface GridCell {
  readonly id: string;
  readonly mode: SuiteMode;
  readonly work: Work;
  readonly repeat: number;
  /** From 1. */
  readonly order: number;
}
