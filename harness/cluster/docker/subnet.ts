/** A /24 of private addresses, as its first three numbers: "10.231.7". */
export type Subnet = string;

/** Where the drawing begins; below it there are the networks that people choose by hand. */
const secondFrom = 192;

/** Draws from 10.192.0.0/10, which nobody assigns by default. `random` in [0, 1). */
export function drawSubnet(random: () => number): Subnet {
  const second = secondFrom + Math.floor(random() * (256 - secondFrom));
  return `10.${second}.${Math.floor(random() * 256)}`;
}

/** Whether a route of this machine leads there; `routes` as in `/proc/net/route`. */
export function isRouted(subnet: Subnet, routes: string): boolean {
  const wanted = numberOf(`${subnet}.0`);
  return routes
    .split('\n')
    .slice(1)
    .some((line) => {
      const [, destination, , , , , , mask] = line.split(/\s+/);
      if (destination === undefined || mask === undefined) return false;
      const [to, bits] = [hostOrder(destination), hostOrder(mask)];
      // The default route leads everywhere, and stands against nothing.
      return bits !== 0 && ((wanted & bits) >>> 0 === to || (to & 0xffffff00) >>> 0 === wanted);
    });
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** The kernel prints them as they lie in memory. */
function hostOrder(hex: string): number {
  return Buffer.from(hex, 'hex').readUInt32LE();
}
