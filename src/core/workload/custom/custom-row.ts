import type { WorkloadKind } from '../kinds/workload-kind.ts';

/** What the kinds of one API have in common. */
export type Family = Pick<WorkloadKind, 'scope' | 'placeholder' | 'overlay'> & {
  readonly group: string;
  readonly versions: readonly string[];
};

/** A row of a custom kind: its containers may lack names, and a controller may fill blank images in. */
export const customRow = (
  family: Family,
  resource: string,
  kind: string,
  places: Pick<WorkloadKind, 'podSpec' | 'images' | 'imageUrls'>,
): WorkloadKind => ({
  ...family,
  resource,
  kind,
  ...places,
  podSpecOptional: true,
  imageRequired: false,
  unnamedContainers: true,
});

/** The paths below each of the prefixes. */
export const under = (prefixes: readonly string[], paths: readonly string[]): readonly string[] =>
  prefixes.flatMap((prefix) => paths.map((path) => `${prefix}.${path}`));

export const inCluster = (family: Family): Family => ({ ...family, scope: 'Cluster' });

/** The pod template of Deployments and whatever looks like one. */
export const template = { podSpec: 'spec.template.spec' };
