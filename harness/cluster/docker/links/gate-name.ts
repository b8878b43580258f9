const suffix = '-network';

/** The supervisor's name for the gate of a site. */
export function gateName(site: string): string {
  return `${site}${suffix}`;
}

/** Undefined when it is not that of a gate. */
export function siteOfGateName(name: string): string | undefined {
  return name.endsWith(suffix) ? name.slice(0, -suffix.length) : undefined;
}
