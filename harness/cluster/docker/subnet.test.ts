import { expect, test } from 'vitest';
import { drawSubnet, isRouted } from './subnet.ts';

const routes = (...lines: string[]): string =>
  ['Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT', ...lines, ''].join(
    '\n',
  );
/** In the byte order of the kernel: 10.200.0.0/16, 10.231.7.128/25, the default route. */
const wide = 'eth0\t0000C80A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0';
const narrow = 'eth1\t8007E70A\t00000000\t0001\t0\t0\t0\t80FFFFFF\t0\t0\t0';
const anywhere = 'eth0\t00000000\t01FEA8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0';

test('subnets are drawn from 10.192.0.0/10', () => {
  expect(drawSubnet(() => 0)).toBe('10.192.0');
  expect(drawSubnet(() => 0.999999)).toBe('10.255.255');
});

test('a subnet to which a route leads is not free, wider or narrower as the route may be', () => {
  expect(isRouted('10.200.9', routes(wide))).toBe(true);
  expect(isRouted('10.201.9', routes(wide))).toBe(false);
  expect(isRouted('10.231.7', routes(narrow))).toBe(true);
  expect(isRouted('10.231.8', routes(narrow))).toBe(false);
});

test('the default route stands against no subnet, and no table at all neither', () => {
  expect(isRouted('10.200.9', routes(anywhere))).toBe(false);
  expect(isRouted('10.200.9', '')).toBe(false);
});
