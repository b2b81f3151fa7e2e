import { builtInWorkloads } from './built-in-kinds.ts';
import { customWorkloads } from './custom-kinds.ts';
import { isKnownWithoutPodSpec } from './known-kinds.ts';
import { hasNoImages, type WorkloadKind } from './workload-kind.ts';

/** What to do about a kind that no row covers. */
export const declareKind =
  'declare where it names its images under `workloads` in the configuration file, as docs/workloads.md shows';

/** Every kind the gate reads, indexed. Rows of kinds without images are not in it: there is nothing to read. */
export interface WorkloadTable {
  readonly byKind: (group: string, kind: string) => WorkloadKind | undefined;
  readonly byResource: (group: string, resource: string) => WorkloadKind | undefined;
  readonly all: readonly WorkloadKind[];
  /** Whether the kind is known to name no image, by us or by a row with `images: []`: allowed silently (R4). */
  readonly isWithoutImages: (group: string, kind: string) => boolean;
}

const sameKind = (a: WorkloadKind, b: WorkloadKind): boolean =>
  a.group === b.group && (a.kind === b.kind || a.resource === b.resource);

/** What the kind itself is like, whatever places a row names, unless the row says it. */
const inherited = (shipped: WorkloadKind | undefined): Partial<WorkloadKind> => {
  const { scope, placeholder, overlay } = shipped ?? {};
  return {
    ...(scope === undefined ? undefined : { scope }),
    ...(placeholder === undefined ? undefined : { placeholder }),
    ...(overlay === undefined ? undefined : { overlay }),
  };
};

/**
 * Indexes built-in rows, shipped rows and `extra` rows. An extra row replaces a shipped one (and an earlier extra)
 * of the same kind or resource, and never a built-in: such a row is left out here, as it is refused when parsed.
 */
export const createWorkloadTable = (extra: readonly WorkloadKind[]): WorkloadTable => {
  let all = [...builtInWorkloads, ...customWorkloads];
  for (const row of extra) {
    if (builtInWorkloads.some((own) => sameKind(own, row))) continue;
    const shipped = customWorkloads.find((own) => own.group === row.group && own.kind === row.kind);
    all = [...all.filter((other) => !sameKind(other, row)), { ...inherited(shipped), ...row }];
  }
  const without = new Set(all.filter(hasNoImages).map((row) => `${row.group}/${row.kind}`));
  all = all.filter((row) => !hasNoImages(row));
  const kinds = new Map(all.map((row) => [`${row.group}/${row.kind}`, row]));
  const resources = new Map(all.map((row) => [`${row.group}/${row.resource}`, row]));
  return {
    byKind: (group, kind) => kinds.get(`${group}/${kind}`),
    byResource: (group, resource) => resources.get(`${group}/${resource}`),
    all,
    isWithoutImages: (group, kind) => isKnownWithoutPodSpec(group, kind) || without.has(`${group}/${kind}`),
  };
};

/** The API group of an `apiVersion`: `apps/v1` → `apps`, `v1` → `''`. */
export const groupOf = (apiVersion: string): string => {
  const slash = apiVersion.indexOf('/');
  return slash === -1 ? '' : apiVersion.slice(0, slash);
};

/** The version of an `apiVersion`: `apps/v1` → `v1`, `v1` → `v1`. */
export const versionIn = (apiVersion: string): string => {
  const group = groupOf(apiVersion);
  return group === '' ? apiVersion : apiVersion.slice(group.length + 1);
};
