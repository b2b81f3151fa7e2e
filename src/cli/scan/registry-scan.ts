import { resolve } from 'node:path';
import type { ConfigOf } from '../../config/resolved.ts';
import type { Advisories } from '../../evidence/ports.ts';
import { trustRootsOf, type TrustRootSnapshot } from '../../evidence/trust/trust-root.ts';
import type { RegistryAccess } from '../../serve/registry-access.ts';
import { shippedRoots } from '../../serve/trust-roots.ts';
import type { RegistryConfig } from '../setting-flags.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { SeenLists } from './scan-input.ts';
import type { ScanProgressLine } from './scan-progress.ts';

export type ScanConfig = RegistryConfig &
  ConfigOf<'data' | 'scan' | 'endOfLife' | 'inventoryMaxAge' | 'inventoryMaxBytes'>;

/** Registries as a scan asks them. Layers are read once, whoever asks for what is in them. */
export interface RegistryScan {
  readonly access: RegistryAccess;
  /** The lists of images that were looked at. */
  readonly seen: SeenLists;
  close(): Promise<void>;
}

/** Who judges beside the scan itself: it judges all packages of the lists, which facts do not hold whole. */
interface BesideScan {
  readonly trustRoots: readonly TrustRootSnapshot[];
  readonly advisories: Advisories;
}

const noAdvisories: Advisories = {
  inForce: () => Promise.resolve({ state: 'absent' }),
  isInForce: () => false,
};

/** Loaded only where an image of a registry is scanned. */
export const openRegistryScan = async (
  config: ScanConfig,
  beside: BesideScan | undefined,
  progress: ScanProgressLine,
  { workers: { verify, catalog: worker, inventory } }: Terminal,
): Promise<RegistryScan> => {
  const { openRegistryAccess } = await import('../registry-access.ts');
  const { openListsOfCommand } = await import('../../serve/store/inventory.ts');
  const { trustRoots = [], advisories = noAdvisories } = beside ?? {};
  const seen: SeenLists = new Map();
  const kept = openListsOfCommand(resolve(config.data.value), inventory, config);
  const roots = trustRootsOf(() => [...shippedRoots, ...trustRoots]);
  const access = openRegistryAccess(config, verify, roots, {
    advisories,
    onLists: (image, lists) => seen.set(image, lists),
    scan: {
      worker,
      bounds: config.scan.value,
      store: kept.lists,
      watch: (images) => progress.watch(images),
    },
  });
  return {
    access,
    seen,
    close: async () => {
      await access.close();
      await kept.close();
    },
  };
};
