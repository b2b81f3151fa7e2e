import { expect, test } from 'vitest';

import type { Digest } from '../../../core/image/digest.ts';
import type { PackageList } from '../../../core/vulnerability/package-list.ts';
import type { Inventory } from '../../../gate/inventory.ts';

const image = `sha256:${'5'.repeat(64)}` as Digest;
const other = `sha256:${'6'.repeat(64)}` as Digest;
const list: PackageList = { packages: [{ ecosystem: 'npm', name: 'a', version: '1.0.0' }], gaps: [] };

/** Who may be told of a list. */
export const tellsHosts = (store: () => Inventory): void => {
  const keep = (...hosts: readonly string[]): Promise<void> =>
    store().append(hosts.map((host) => ({ image, usedAt: 1, found: { cataloger: '1', host, list } })));
  const toldAt = async (host: string, of = image, cataloger = '1'): Promise<boolean> =>
    (await store().list(of, cataloger, host)) !== undefined;

  test('V6: a list is told at the hosts that have delivered its image, and at no other', async () => {
    await keep('a.example.com');
    await keep('b.example.com:5000', 'a.example.com', 'b.example.com:5000');
    expect(await store().list(image, '1', 'a.example.com')).toEqual(list);
    expect(await toldAt('b.example.com:5000')).toBe(true);
    for (const host of ['b.example.com', 'c.example.com', '', 'A.example.com', '%', "' OR 1=1 --"])
      expect(await toldAt(host)).toBe(false);
    expect(await store().list(image, '1')).toEqual(list);
  });

  test('V6: that host has not delivered another image, nor what another cataloger found', async () => {
    await keep('a.example.com');
    await store().append([
      { image: other, usedAt: 1, found: { cataloger: '1', host: 'b.example.com', list } },
    ]);
    expect(await toldAt('a.example.com', other)).toBe(false);
    expect(await toldAt('b.example.com')).toBe(false);
    expect(await toldAt('a.example.com', image, '2')).toBe(false);
  });

  test('sixteen hosts of an image are known, the last ones', async () => {
    for (let n = 0; n < 20; n += 1) await keep(`h${String(n)}.example.com`);
    const told: number[] = [];
    for (let n = 0; n < 20; n += 1) if (await toldAt(`h${String(n)}.example.com`)) told.push(n);
    expect(told).toEqual(Array.from({ length: 16 }, (_, at) => at + 4));
  });
};
