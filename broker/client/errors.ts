import { BrokerError, brokerErrors, type BrokerErrorCode } from '../errors.ts';
import { NetworkError } from '../env/network.ts';
import type { ErrorResponse } from '../protocol/messages.ts';
import { ProtocolError } from '../protocol/protocol-error.ts';

const codes = new Map<number, BrokerErrorCode>();
for (const code of Object.keys(brokerErrors) as BrokerErrorCode[]) {
  codes.set(brokerErrors[code].wire, code);
}

/** The error that a node answered; a number from a newer broker reads as `unavailable`. */
export function answeredError(response: ErrorResponse): BrokerError {
  const code = codes.get(response.wire) ?? 'unavailable';
  const { detail } = response;
  return new BrokerError(code, response.message, detail === undefined ? {} : { detail });
}

/** What the outside world threw, as the broker's own error. Anything else is a bug: rethrown. */
export function asBrokerError(error: unknown): BrokerError {
  if (error instanceof BrokerError) return error;
  if (error instanceof ProtocolError) {
    return new BrokerError(error.code, error.message, { cause: error });
  }
  if (error instanceof NetworkError) {
    return new BrokerError('connection-lost', error.message, { cause: error });
  }
  throw error;
}

/**
 * True when the request that got this answer certainly had no effect. Only answers of a node can
 * say so; `detail` 1 is its word for it where the code alone leaves it open.
 */
export function certainlyRefused(error: BrokerError): boolean {
  switch (error.code) {
    case 'overloaded':
    case 'unknown-topic':
    case 'stale-epoch':
    case 'sequence-gap':
    case 'invalid-request':
    case 'unauthorized':
    case 'too-large':
    case 'unsupported-version':
    case 'corrupt-batch':
      return true;
    default:
      return error.detail === 1;
  }
}
