import type { Random } from '../random.ts';

export class RealRandom implements Random {
  below(bound: number): number {
    return Math.floor(Math.random() * bound);
  }

  unit(): number {
    return Math.random();
  }
}
