import { Producer as BrokerProducer, type ClusterClient } from '../../../broker/index.ts';
import type { Done, OutgoingMessage, Producer, ProducerOptions } from '../driver.ts';

/** Keys in use are few and come again and again, so their bytes are made once. */
const keysMax = 1 << 16;

export async function createReferenceProducer(
  cluster: ClusterClient,
  topic: string,
  options: ProducerOptions,
): Promise<Producer> {
  const producer = await BrokerProducer.create(cluster, { ...options, topic });
  return new ReferenceProducer(producer);
}

/** A key is its number in four bytes, little-endian. */
class ReferenceProducer implements Producer {
  readonly #producer: BrokerProducer;
  readonly #keys = new Map<number, Buffer>();

  constructor(producer: BrokerProducer) {
    this.#producer = producer;
  }

  send(message: OutgoingMessage, done: Done): boolean {
    return this.#producer.send(this.#key(message.key), message.payload, done);
  }

  close(): Promise<void> {
    return this.#producer.close();
  }

  #key(key: number): Buffer {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32LE(key, 0);
    if (this.#keys.size >= keysMax) this.#keys.clear();
    this.#keys.set(key, bytes);
    return bytes;
  }
}
