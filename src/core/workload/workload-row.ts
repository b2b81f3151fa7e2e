import type { JsonValue } from '../json.ts';
import { isJsonObject } from '../json.ts';
import type { Result } from '../result.ts';
import { fail, ok } from '../result.ts';
import { builtInWorkloads } from './built-in-kinds.ts';
import { parseFieldPath } from './field-path.ts';
import type { WorkloadKind } from './workload-kind.ts';

const groupPattern = /^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*)?$/;
const resourcePattern = /^[a-z][a-z0-9-]{0,62}$/;
const kindPattern = /^[A-Z][A-Za-z0-9]{0,62}$/;
const versionPattern = /^v[a-z0-9]{1,30}$/;
const maxPathsPerRow = 32;
const rowFields = ['group', 'resource', 'kind', 'scope', 'podSpec', 'images', 'versions'];

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

/** R10: the webhook's match condition lets an UPDATE through that changes neither of these. */
const judgedRoots = ['spec', 'template'];

const readPath = (value: JsonValue | undefined): Result<string, string> => {
  const path = parseFieldPath(value);
  if (!path.ok) return path;
  const [root] = path.value;
  if (root === undefined || root.each || !judgedRoots.includes(root.key)) {
    return fail('must begin with spec or template: other changes of an object do not reach the gate');
  }
  return ok(path.value.map(({ key, each }) => (each ? `${key}[]` : key)).join('.'));
};

const readPaths = (
  podSpec: JsonValue | undefined,
  images: JsonValue | undefined,
): Result<Pick<WorkloadKind, 'podSpec' | 'images'>, string> => {
  if ((podSpec === undefined) === (images === undefined)) return fail('give either podSpec or images');
  if (podSpec !== undefined) {
    const path = readPath(podSpec);
    if (!path.ok) return fail(`podSpec ${path.error}`);
    return path.value.includes('[]')
      ? fail('podSpec must not go through a list')
      : ok({ podSpec: path.value });
  }
  if (!Array.isArray(images) || images.length === 0 || images.length > maxPathsPerRow) {
    return fail(`images must be a list of 1 to ${maxPathsPerRow} paths`);
  }
  const paths: string[] = [];
  for (const [index, image] of (images as readonly JsonValue[]).entries()) {
    const path = readPath(image);
    if (!path.ok) return fail(`images[${index}] ${path.error}`);
    if (paths.includes(path.value)) return fail(`images[${index}] is there already`);
    paths.push(path.value);
  }
  return ok({ images: paths });
};

/**
 * Reads a user's row `{ group, resource, kind, podSpec | images, versions?, scope? }` from `--config`.
 * @returns why the row cannot be used. A row for a built-in workload is refused: it could only make it lax.
 */
export const parseWorkloadRow = (row: JsonValue): Result<WorkloadKind, string> => {
  if (!isJsonObject(row)) return fail('must be an object');
  const unknown = Object.keys(row).find((field) => !rowFields.includes(field));
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
  const paths = readPaths(row['podSpec'], row['images']);
  if (!paths.ok) return paths;
  return ok({
    group,
    resource,
    kind,
    ...scope.value,
    ...(versions.value === undefined ? {} : { versions: versions.value }),
    ...paths.value,
    podSpecOptional: true,
    imageRequired: false,
    unnamedContainers: true,
  });
};
