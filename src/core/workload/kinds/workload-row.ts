import { isJsonObject, type JsonObject, type JsonValue } from '../../text/json/json.ts';
import { fail, ok, type Result } from '../../result.ts';
import { builtInWorkloads } from './built-in-kinds.ts';
import { formatSegments, parseFieldPath } from '../field-path.ts';
import { parsePlaceholder } from '../placeholder.ts';
import type { WorkloadKind } from './workload-kind.ts';

const groupPattern = /^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*)?$/;
const resourcePattern = /^[a-z][a-z0-9-]{0,62}$/;
const kindPattern = /^[A-Z][A-Za-z0-9]{0,62}$/;
const versionPattern = /^v[a-z0-9]{1,30}$/;
const maxPathsPerRow = 32;
/** The fields of a row, in the order in which rows are printed. */
export const rowFields = [
  'group',
  'resource',
  'kind',
  'versions',
  'scope',
  'podSpec',
  'images',
  'placeholder',
] as const satisfies readonly (keyof WorkloadKind)[];

const isText = (value: unknown, pattern: RegExp): value is string =>
  typeof value === 'string' && value.length <= 253 && pattern.test(value);

const readVersions = (value: JsonValue | undefined): Result<readonly string[] | undefined, string> => {
  if (value === undefined) return ok(undefined);
  if (!Array.isArray(value) || value.length === 0 || value.length > 16) {
    return fail('versions must be a list of 1 to 16 API versions');
  }
  const versions: string[] = [];
  for (const version of value) {
    if (!isText(version, versionPattern)) return fail('versions must hold names such as v1 or v1alpha1');
    versions.push(version);
  }
  return ok(versions);
};

const readScope = (value: JsonValue | undefined): Result<Pick<WorkloadKind, 'scope'>, string> => {
  if (value === undefined || value === 'Namespaced') return ok({});
  return value === 'Cluster' ? ok({ scope: value }) : fail('scope must be Namespaced or Cluster');
};

const readPlaceholder = (value: JsonValue | undefined): Result<Pick<WorkloadKind, 'placeholder'>, string> => {
  if (value === undefined) return ok({});
  const parsed = parsePlaceholder(value);
  return parsed.ok ? ok({ placeholder: value as string }) : parsed;
};

/** R10: the webhook's match condition lets an UPDATE through that changes neither of these. */
const judgedRoots: readonly (string | undefined)[] = ['spec', 'template'];

const readPath = (value: JsonValue | undefined): Result<string, string> => {
  const path = parseFieldPath(value);
  if (!path.ok) return path;
  const [root] = path.value;
  if (root === undefined || root.lists > 0 || !judgedRoots.includes(root.key)) {
    return fail('must begin with spec or template: other changes of an object do not reach the gate');
  }
  return ok(formatSegments(path.value));
};

const readPathList = (name: string, list: readonly JsonValue[]): Result<readonly string[], string> => {
  if (list.length > maxPathsPerRow) return fail(`${name} must not have more than ${maxPathsPerRow} paths`);
  const paths: string[] = [];
  for (const [index, item] of list.entries()) {
    const path = readPath(item);
    if (!path.ok) return fail(`${name}[${index}] ${path.error}`);
    if (paths.includes(path.value)) return fail(`${name}[${index}] is there already`);
    paths.push(path.value);
  }
  return ok(paths);
};

const readPodSpec = (value: JsonValue | undefined): Result<Pick<WorkloadKind, 'podSpec'>, string> => {
  if (value === undefined) return ok({});
  if (Array.isArray(value)) {
    if (value.length === 0) return fail('podSpec must be a path or a list of paths');
    const paths = readPathList('podSpec', value);
    return paths.ok ? ok({ podSpec: paths.value }) : paths;
  }
  const path = readPath(value);
  return path.ok ? ok({ podSpec: path.value }) : fail(`podSpec ${path.error}`);
};

const readImages = (value: JsonValue | undefined): Result<Pick<WorkloadKind, 'images'>, string> => {
  if (value === undefined) return ok({});
  if (!Array.isArray(value))
    return fail('images must be a list of paths; [] says that the kind names no image');
  const paths = readPathList('images', value);
  return paths.ok ? ok({ images: paths.value }) : paths;
};

const readPlaces = (row: JsonObject): Result<Pick<WorkloadKind, 'podSpec' | 'images'>, string> => {
  if (row['podSpec'] === undefined && row['images'] === undefined) {
    return fail('give podSpec, images or both; `images: []` says that the kind names no image');
  }
  const podSpec = readPodSpec(row['podSpec']);
  if (!podSpec.ok) return podSpec;
  const images = readImages(row['images']);
  if (!images.ok) return images;
  return podSpec.value.podSpec !== undefined && images.value.images?.length === 0
    ? fail('`images: []` says that the kind names no image, and podSpec that it does; leave one of them out')
    : ok({ ...podSpec.value, ...images.value });
};

/**
 * Reads a user's row `{ group, resource, kind, podSpec?, images?, versions?, scope?, placeholder? }` from `--config`.
 * @returns why the row cannot be used. A row for a built-in workload is refused: it could only make it lax.
 */
export const parseWorkloadRow = (row: JsonValue): Result<WorkloadKind, string> => {
  if (!isJsonObject(row)) return fail('must be an object');
  const unknown = Object.keys(row).find((field) => !(rowFields as readonly string[]).includes(field));
  if (unknown !== undefined) return fail(`unknown field ${JSON.stringify(unknown)}`);
  const { group, resource, kind } = row;
  if (!isText(group, groupPattern)) return fail('group must be an API group, or "" for the core group');
  if (!isText(resource, resourcePattern))
    return fail('resource must be a plural in lower case, e.g. rollouts');
  if (!isText(kind, kindPattern)) return fail('kind must be a kind, e.g. Rollout');
  if (
    builtInWorkloads.some((own) => own.group === group && (own.kind === kind || own.resource === resource))
  ) {
    return fail('a built-in workload cannot be declared again');
  }
  const scope = readScope(row['scope']);
  if (!scope.ok) return scope;
  const versions = readVersions(row['versions']);
  if (!versions.ok) return versions;
  const placeholder = readPlaceholder(row['placeholder']);
  if (!placeholder.ok) return placeholder;
  const places = readPlaces(row);
  if (!places.ok) return places;
  return ok({
    group,
    resource,
    kind,
    ...scope.value,
    ...(versions.value === undefined ? {} : { versions: versions.value }),
    ...placeholder.value,
    ...places.value,
    podSpecOptional: true,
    imageRequired: false,
    unnamedContainers: true,
  });
};
