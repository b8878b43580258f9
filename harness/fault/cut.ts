import { z } from 'zod';
import { onLinks } from './on-links.ts';
import { linkOptions, severedLinks } from './severed-links.ts';

/**
 * A partition: nothing passes between the victims and the others, and nobody is told. Symmetric or
 * one-way; partial where `peers` names whom alone the victims do not reach.
 */
export const cut = onLinks({
  kind: 'cut',
  description: 'cut off from the others: nothing passes and nobody is told; healing resets',
  targets: ['node', 'consumer', 'producer'],
  options: z.strictObject(linkOptions),
  links: (victims, { options }, { sites }) => severedLinks(victims, sites, options),
  harm: () => ({ kind: 'cut' }),
});
