/** What layers that were made to hurt do to the process that reads them. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { defaultScan } from '../../src/config/values/scan-bounds.ts';
import type { BenchPlan } from './bench-plan.ts';
import { withPart } from './evidence-part.ts';
import { hostileLayers } from './hostile-layers.ts';
import type { HostileReaderOrders } from './hostile-reader.ts';
import { print } from './processes.ts';

const withReader = withPart<HostileReaderOrders>(new URL('hostile-reader.ts', import.meta.url));

/** Each is read in a process that has read nothing before. */
export const measureHostile = async ({ work }: BenchPlan): Promise<void> => {
  const folder = join(work, 'hostile');
  mkdirSync(folder);
  for (const [at, { name }] of hostileLayers.entries()) {
    const path = join(folder, String(at));
    const layer = await withReader((reader) => reader.ask('write', { at, path }));
    const { outcome, seconds, cpu, peak } = await withReader((reader) => reader.ask('read', layer));
    rmSync(path);
    print({
      name: `hostile layer: ${name}: ${outcome}; CPU ${cpu.toFixed(1)} s; time`,
      value: seconds,
      unit: 's',
      budget: `<= ${String(defaultScan.time / 1000)}`,
    });
    print({
      name: `hostile layer: ${name}: memory of the process`,
      value: peak,
      unit: 'MiB',
      budget: '<= 300',
    });
  }
};
