import type { PlatformImage } from '../../facts/image-facts.ts';
import { catalogerVersion } from '../../catalog/cataloger-version.ts';
import type {
  JudgedPackageList,
  PackageListSource,
  PlatformPackages,
  VulnerabilityFacts,
} from '../../facts/vulnerability/vulnerability-facts.ts';
import { createObjectNumbers } from '../../object-numbers.ts';
import { vulnerabilitiesOf, type Vulnerability } from '../../vulnerability/vulnerability.ts';

/** What one platform of an image holds, by the lists that count. */
export interface PlatformSubject {
  readonly platform: PlatformImage;
  readonly lists: readonly JudgedPackageList[];
  readonly unreadable: PlatformPackages['unreadable'];
  readonly missing?: PlatformPackages['missing'];
  readonly vulnerabilities: readonly Vulnerability[];
}

const nothing: PlatformPackages = { lists: [], unreadable: [] };

type Matches = JudgedPackageList['matches'];

/** How many other lists one list is remembered with: those of the platforms of an index. */
const maxCombinations = 16;

/**
 * Vulnerabilities of the same lists, found once for all rules and reviews. Lists are the same by what matched in them: whose
 * they are is told anew each time.
 */
export const createVulnerabilityMemory = () => {
  const memory = new WeakMap<Matches, Map<string, readonly Vulnerability[]>>();
  const numberOf = createObjectNumbers();
  return (lists: readonly JudgedPackageList[]): readonly Vulnerability[] => {
    const all = lists.map(({ matches }) => matches);
    const [first] = all;
    if (first === undefined) return [];
    const kept = memory.get(first) ?? new Map<string, readonly Vulnerability[]>();
    memory.set(first, kept);
    const key = all.map(numberOf).join(' ');
    const known = kept.get(key);
    if (known !== undefined) return known;
    // Attack: push one list after the other beside a list that stays, and fill the memory with what each of them adds.
    if (kept.size >= maxCombinations) kept.clear();
    const found = vulnerabilitiesOf(all.flat());
    kept.set(key, found);
    return found;
  };
};
export type VulnerabilityMemory = ReturnType<typeof createVulnerabilityMemory>;

/** One chosen platform of an image. Lists add up, so that none takes a package from another. */
export const platformSubject = (
  platform: PlatformImage,
  { packages }: VulnerabilityFacts,
  accepts: (source: PackageListSource) => boolean,
  memory: VulnerabilityMemory,
): PlatformSubject => {
  const { lists, unreadable, missing } = packages.get(platform.digest) ?? nothing;
  const asksCatalog = accepts({ kind: 'catalog', version: catalogerVersion });
  const counting = lists.filter(({ source }) => accepts(source));
  return {
    platform,
    lists: counting,
    unreadable: unreadable.filter(({ source }) => accepts(source)),
    ...(asksCatalog && missing !== undefined ? { missing } : {}),
    vulnerabilities: memory(counting),
  };
};
