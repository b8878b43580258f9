import { HarnessError } from '../errors.ts';
import type {
  AckEvent,
  CompleteEvent,
  DeliveryEvent,
  FaultEvent,
  HistoryEvent,
  HistoryHeader,
  InvokeEvent,
  NoteEvent,
  PhaseEvent,
  PositionEvent,
  ReadEndEvent,
  ReadEvent,
  WorkerSecondEvent,
} from './events.ts';

/**
 * Takes the events of a history in file order. A visitor leaves out what it does not need; that is
 * skipped without being decoded. The event of a frequent type (invoke, complete, delivery, ack,
 * position, read) is one object that is filled anew for each call: copy what must outlive it.
 */
export interface HistoryVisitor {
  /** Before the first event of each file. */
  header?(header: HistoryHeader, file: string): void;
  invoke?(event: InvokeEvent): void;
  complete?(event: CompleteEvent): void;
  delivery?(event: DeliveryEvent): void;
  ack?(event: AckEvent): void;
  position?(event: PositionEvent): void;
  read?(event: ReadEvent): void;
  readEnd?(event: ReadEndEvent): void;
  fault?(event: FaultEvent): void;
  phase?(event: PhaseEvent): void;
  second?(event: WorkerSecondEvent): void;
  note?(event: NoteEvent): void;
}

/** Hands an event that was kept as JSON to its method. */
export function dispatch(event: HistoryEvent, visitor: HistoryVisitor): void {
  switch (event.type) {
    case 'fault':
      return visitor.fault?.(event);
    case 'phase':
      return visitor.phase?.(event);
    case 'second':
      return visitor.second?.(event);
    case 'note':
      return visitor.note?.(event);
    case 'read-end':
      return visitor.readEnd?.(event);
    default:
      throw new HarnessError(
        'history',
        `an event of type ${event.type} does not belong into a JSON frame`,
      );
  }
}
