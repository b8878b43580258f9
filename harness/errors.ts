/**
 * Every operating error of the harness: its code decides the exit code. `usage` and `environment`
 * exit with 1. The message is one sentence: what happened, to what, and what to do.
 */
export type HarnessErrorCode =
  'usage' | 'environment' | 'scenario' | 'history' | 'record' | 'cluster' | 'worker';

export class HarnessError extends Error {
  readonly code: HarnessErrorCode;
  constructor(code: HarnessErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'HarnessError';
    this.code = code;
  }
}
