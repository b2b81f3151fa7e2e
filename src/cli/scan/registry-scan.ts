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
  { workers }: Terminal,
): Promise<RegistryScan> => {
  const { openLayerAccess } = await import('../registry-access.ts');
  const { trustRoots = [], advisories = noAdvisories } = beside ?? {};
  const seen: SeenLists = new Map();
  const roots = trustRootsOf(() => [...shippedRoots, ...trustRoots]);
  const access = await openLayerAccess(config, workers, roots, {
    data: config.data.value,
    advisories,
    onLists: (image, lists) => seen.set(image, lists),
    bounds: config.scan.value,
    watch: (images) => progress.watch(images),
  });
  return { access, seen };
};
