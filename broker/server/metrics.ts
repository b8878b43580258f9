import type { BrokerErrorCode } from '../errors.ts';

/**
 * What the node counts while it works: plain numbers, so that counting costs nothing. The gateway
 * shows them as Prometheus metrics.
 */
export class Metrics {
  bytesIn = 0;
  bytesOut = 0;
  connectionsAccepted = 0;
  connectionsRefused = 0;
  requests = 0;
  httpRequests = 0;
  batchesAcked = 0;
  recordsAppended = 0;
  duplicates = 0;
  fetches = 0;
  peerFramesIn = 0;
  peerFramesOut = 0;
  peerMessagesDropped = 0;
  elections = 0;
  readonly errors = new Map<BrokerErrorCode, number>();

  countError(code: BrokerErrorCode): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }
}
