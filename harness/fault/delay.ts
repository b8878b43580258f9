import { z } from 'zod';
import { onLinks } from './on-links.ts';
import { linkOptions, severedLinks } from './severed-links.ts';

const options = z
  .strictObject({
    ...linkOptions,
    delayMs: z.number().positive().max(60_000).default(200),
    /** Up to so much more or less, drawn for each chunk of bytes; the order is kept. */
    jitterMs: z.number().nonnegative().default(20),
  })
  .refine(({ delayMs, jitterMs }) => jitterMs < delayMs, {
    path: ['jitterMs'],
    message: 'must be less than delayMs',
  });

/** Every byte of these links is under way for longer; nothing is lost and the order is kept. */
export const delay = onLinks({
  kind: 'delay',
  description: 'bytes take longer between the target and the others, in order',
  targets: ['node', 'consumer', 'producer'],
  shapes: true,
  options,
  links: (victims, site, { sites }) => severedLinks(victims, sites, site.options),
  harm: ({ delayMs, jitterMs }) => ({ kind: 'delay', delayMs, jitterMs }),
});
