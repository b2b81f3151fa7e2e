/** What it costs to look into an image: beside reading its layers bare, and for a second image on the same base. */
import { execFileSync } from 'node:child_process';
import type { BenchPlan } from './bench-plan.ts';
import { startPart, withPart } from './evidence-part.ts';
import type { Look, Looked, LayersReaderOrders } from './layers-reader.ts';
import type { LayersRegistryOrders } from './layers-registry.ts';
import { median, print } from './processes.ts';

/** Each in a process that has read nothing before, but where it says so. */
const withReader = withPart<LayersReaderOrders>(new URL('layers-reader.ts', import.meta.url));

/** Milliseconds of CPU that Syft takes for the same image; absent: it is not installed. */
const syftTime = (image: string): number | undefined => {
  try {
    execFileSync('syft', ['version'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const script = 'syft scan "registry:$1" -o json > /dev/null 2>&1; times';
  const env = { ...process.env, SYFT_REGISTRY_INSECURE_USE_HTTP: 'true', SYFT_CHECK_FOR_APP_UPDATE: 'false' };
  const said = execFileSync('sh', ['-c', script, 'sh', image], { encoding: 'utf8', env });
  const times = [...(said.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  return times.reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  );
};

export const measureCatalog = async ({ rounds, quick }: BenchPlan): Promise<void> => {
  const registry = startPart<LayersRegistryOrders>(1, new URL('layers-registry.ts', import.meta.url));
  try {
    const { host, images, digest } = await registry.ask('open', (quick ? 60 : 320) * 2 ** 20);
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
    const syft = syftTime(`${host}/team/large@${digest}`);
    if (syft !== undefined) print({ name: 'Syft on the same image, CPU time', value: syft, unit: 'ms' });
  } finally {
    await registry.stop();
  }
};
