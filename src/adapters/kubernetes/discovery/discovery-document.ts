import { isDnsSubdomain } from '../../../core/text/dns-name.ts';
import { objectOf, objectsIn, textOf, type JsonObject } from '../../../core/text/json/json.ts';
import { metadataOf } from '../../../core/workload/object-metadata.ts';
import { isGroupName, type ServedResource } from '../../../install/doors/demand.ts';

export interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

/** A group in one version, with its resources as one document says them. */
export interface ServedVersion extends GroupVersion {
  /** `undefined`: the API server does not know them now. */
  readonly resources: readonly ServedResource[] | undefined;
}

/** Attack: an API service that says it serves a million resources. One more is read, so that a cut is noticed. */
export const maxResources = 20_000;

/** Names stand in rules and in expressions: nothing but names of DNS may come from an API server of somebody else. */
const resourceOf = (
  { group, version }: GroupVersion,
  name: string,
  kind: { readonly group: string; readonly version: string; readonly kind: string },
): ServedResource | undefined => {
  const [resource = '', subresource = '', ...more] = name.split('/');
  if (more.length > 0 || kind.kind === '' || !isDnsSubdomain(resource)) return undefined;
  if (subresource !== '' && !isDnsSubdomain(subresource)) return undefined;
  // Without a version the kind is of the group that the document is about.
  const objectGroup = kind.version === '' ? group : kind.group;
  return { group, versions: [version], resource, subresource, objectGroup, kind: kind.kind };
};

const kindOf = (value: unknown): { group: string; version: string; kind: string } => {
  const { group, version, kind } = objectOf(value);
  return { group: textOf(group), version: textOf(version), kind: textOf(kind) };
};

const known = (resources: readonly (ServedResource | undefined)[]): readonly ServedResource[] =>
  resources.filter((one) => one !== undefined).slice(0, maxResources + 1);

const aggregatedResources = (served: GroupVersion, value: unknown): readonly ServedResource[] =>
  known(
    objectsIn(value).flatMap((one) => {
      const resource = textOf(one['resource']);
      return [
        resourceOf(served, resource, kindOf(one['responseKind'])),
        ...objectsIn(one['subresources']).map((sub) =>
          resourceOf(served, `${resource}/${textOf(sub['subresource'])}`, kindOf(sub['responseKind'])),
        ),
      ];
    }),
  );

/** Reads an APIGroupDiscoveryList: all groups of `/api` or of `/apis` at once. `undefined`: it is no such list. */
export const readAggregated = (document: JsonObject): readonly ServedVersion[] | undefined => {
  if (document['kind'] !== 'APIGroupDiscoveryList') return undefined;
  return objectsIn(document['items']).flatMap((item) => {
    const group = textOf(metadataOf(item)['name']);
    if (!isGroupName(group)) return [];
    return objectsIn(item['versions']).map(({ version, resources, freshness }) => {
      const served = { group, version: textOf(version) };
      return {
        ...served,
        resources: freshness === 'Stale' ? undefined : aggregatedResources(served, resources),
      };
    });
  });
};

/** Reads an APIVersions or an APIGroupList: groups and versions alone. */
export const readGroups = (document: JsonObject): readonly GroupVersion[] => {
  const { versions } = document;
  if (document['kind'] === 'APIVersions')
    return (Array.isArray(versions) ? versions : []).map((version) => ({
      group: '',
      version: textOf(version),
    }));
  return objectsIn(document['groups']).flatMap((one) => {
    const group = textOf(one['name']);
    if (!isDnsSubdomain(group)) return [];
    return objectsIn(one['versions']).map(({ version }) => ({ group, version: textOf(version) }));
  });
};

/** Reads an APIResourceList. */
export const readResources = (served: GroupVersion, document: JsonObject): readonly ServedResource[] =>
  known(objectsIn(document['resources']).map((one) => resourceOf(served, textOf(one['name']), kindOf(one))));
