import type { Role } from '../charts/theme.ts';
import type { LossClass } from './sums.ts';

/** How a class of loss looks and what it is called: shape and word beside the colour, always. */
export const lossClasses: Readonly<
  Record<
    LossClass,
    {
      readonly shape: string;
      readonly filled: boolean;
      readonly role: Role;
      readonly sign: string;
      readonly tone: string;
      readonly label: string;
    }
  >
> = {
  none: {
    shape: 'circle',
    filled: true,
    role: 'served',
    sign: '✓',
    tone: 'good',
    label: 'none lost',
  },
  allowed: {
    shape: 'triangle-down',
    filled: true,
    role: 'second',
    sign: '▽',
    tone: 'doubt',
    label: 'lost, as it may',
  },
  violated: {
    shape: 'cross',
    filled: true,
    role: 'fault',
    sign: '✗',
    tone: 'bad',
    label: 'promise broken',
  },
  inconclusive: {
    shape: 'diamond',
    filled: false,
    role: 'offered',
    sign: '?',
    tone: 'muted',
    label: 'not known',
  },
};

export const classOrder: readonly LossClass[] = ['none', 'allowed', 'violated', 'inconclusive'];
