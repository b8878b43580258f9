import { z } from 'zod';
import { onLinks } from './on-links.ts';
import { linksAround } from './severed-links.ts';

/** The other nodes fall into two halves that see each other no more, and all see the victim. */
export const bridge = onLinks({
  kind: 'bridge',
  description: 'the other nodes in two halves that are joined by the target alone',
  targets: ['node'],
  options: z.strictObject({}),
  links: (victims, _site, { sites }) => linksAround(victims, sites),
  harm: () => ({ kind: 'cut' }),
});
