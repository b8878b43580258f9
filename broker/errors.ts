/**
 * Every operating error of the broker, as a closed table. `wire` is the number on the protocol;
 * `retriable` says whether the same request may succeed later, possibly at another node, with no
 * change by the caller. Nobody matches on message text.
 */
export const brokerErrors = {
  'not-leader': { wire: 1, retriable: true },
  'unknown-topic': { wire: 2, retriable: true },
  unavailable: { wire: 3, retriable: true },
  overloaded: { wire: 4, retriable: true },
  'timed-out': { wire: 5, retriable: true },
  'connection-lost': { wire: 6, retriable: true },
  'stale-epoch': { wire: 10, retriable: false },
  'sequence-gap': { wire: 11, retriable: false },
  'sequence-too-old': { wire: 12, retriable: false },
  'offset-out-of-range': { wire: 20, retriable: false },
  diverged: { wire: 21, retriable: false },
  fenced: { wire: 30, retriable: false },
  'unknown-member': { wire: 31, retriable: false },
  rebalancing: { wire: 32, retriable: true },
  'not-coordinator': { wire: 33, retriable: true },
  'topic-exists': { wire: 40, retriable: false },
  'invalid-request': { wire: 41, retriable: false },
  unauthorized: { wire: 42, retriable: false },
  'too-large': { wire: 43, retriable: false },
  'unsupported-version': { wire: 44, retriable: false },
  'corrupt-batch': { wire: 45, retriable: false },
  'disk-full': { wire: 50, retriable: true },
  'disk-failed': { wire: 51, retriable: true },
  'corrupt-log': { wire: 52, retriable: true },
  'shutting-down': { wire: 60, retriable: true },
} as const satisfies Record<string, { wire: number; retriable: boolean }>;

export type BrokerErrorCode = keyof typeof brokerErrors;

/** The one error class of the broker; `detail` carries the numbers that an answer needs. */
export class BrokerError extends Error {
  readonly code: BrokerErrorCode;
  /** `sequence-gap`: last sequence known; `diverged`: offset to go back to; else undefined. */
  readonly detail: number | undefined;

  constructor(
    code: BrokerErrorCode,
    message: string,
    options?: { readonly cause?: unknown; readonly detail?: number },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BrokerError';
    this.code = code;
    this.detail = options?.detail;
  }

  get retriable(): boolean {
    return brokerErrors[this.code].retriable;
  }
}
