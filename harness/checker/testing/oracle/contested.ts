import type { DeliveryEvent, ReadEvent } from '../../../history/events.ts';
import { lossyCuts, mayVanish } from './promise.ts';
import { placeOf } from './told.ts';
import type { Send, Told } from './told.ts';

/** A place that holds more than one message among acks, deliveries and the final read. */
export interface Contested {
  readonly place: string;
  readonly holders: readonly Send[];
}

export function contestedPlaces(told: Told): Contested[] {
  const places = new Set(told.sends.flatMap((send) => [...told.placesOf(send)]));
  return [...places].flatMap((place) => {
    const holders = told.sends.filter((send) => told.placesOf(send).has(place));
    return holders.length < 2 ? [] : [{ place, holders }];
  });
}

/** A cut log that has grown again explains it: all but one are gone, and were allowed to go. */
export function isSuperseded(told: Told, { place, holders }: Contested): boolean {
  const isHere = (event: ReadEvent | DeliveryEvent, send: Send) =>
    told.nameOf(event) === send.name && placeOf(event) === place;
  const gone = holders.filter((send) => !told.log().some((record) => isHere(record, send)));
  if (lossyCuts(told).length === 0 || holders.length - gone.length > 1) return false;
  return gone.every((send) => {
    if (mayVanish(told)) {
      const wasAckedHere = send.ack !== undefined && placeOf(send.ack) === place;
      return !told.inLog(send) || !wasAckedHere;
    }
    return !told.inLog(send) && !told.given.some((one) => isHere(one.event, send));
  });
}
