/** What it costs to look into an image: beside reading its layers bare, and for a second image on the same base. */
import type { BenchPlan } from './bench-plan.ts';
import { startPart, withPart } from './evidence-part.ts';
import type { Look, Looked, LayersReaderOrders } from './layers-reader.ts';
import type { LayersRegistryOrders } from './layers-registry.ts';
import { median, print } from './processes.ts';

/** Each in a process that has read nothing before, but where it says so. */
const withReader = withPart<LayersReaderOrders>(new URL('layers-reader.ts', import.meta.url));

export const measureCatalog = async ({ rounds, quick }: BenchPlan): Promise<void> => {
  const registry = startPart<LayersRegistryOrders>(1, new URL('layers-registry.ts', import.meta.url));
  try {
    const { host, images } = await registry.ask('open', (quick ? 60 : 320) * 2 ** 20);
    const one: Look = { host, layers: images[0] };
    const other: Look = { host, layers: images[1] };
    const size = one.layers.reduce((sum, layer) => sum + layer.size, 0) / 2 ** 20;
    const bare: Looked[] = [];
    const ours: Looked[] = [];
    const again: number[] = [];
    let read = 0;
    for (let round = 0; round < rounds; round += 1) {
      bare.push(await withReader((reader) => reader.ask('bare', one)));
      await withReader(async (reader) => {
        ours.push(await reader.ask('look', one));
        await registry.ask('delivered', undefined);
        again.push((await reader.ask('look', other)).cpu);
        read = await registry.ask('delivered', undefined);
      });
    }
    const what = `look into an image of ${size.toFixed(0)} MiB in a registry on loopback, CPU time`;
    print({
      name: what,
      value: median(ours.map(({ cpu }) => cpu)),
      unit: 'ms',
      reference: {
        name: 'its layers read, hashed, unpacked, hashed',
        value: median(bare.map(({ cpu }) => cpu)),
      },
      ratio: median(ours.map(({ cpu }, round) => cpu / (bare[round]?.cpu ?? 1))),
      budget: 'ratio <= 1.3',
    });
    print({
      name: 'memory of the process meanwhile, at most',
      value: Math.max(...ours.map(({ peak }) => peak)),
      unit: 'MiB',
      reference: { name: 'bare', value: Math.max(...bare.map(({ peak }) => peak)) },
      budget: '<= 250',
    });
    print({ name: 'a second image on the same base, CPU time', value: median(again), unit: 'ms' });
    print({ name: 'layers read of it', value: read, unit: 'layers', budget: '<= 1' });
  } finally {
    await registry.stop();
  }
};
