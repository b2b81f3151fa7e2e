interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

type Container = Record<string, unknown> | unknown[];
const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** RFC 7386. */
export const mergePatch = (target: unknown, patch: unknown): unknown => {
  if (!isContainer(patch) || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = isContainer(target) && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
};

/** RFC 6902 with add, replace, remove and test; undefined when an operation does not apply. */
export const jsonPatch = (target: unknown, operations: unknown): unknown => {
  const result = structuredClone(target);
  for (const operation of Array.isArray(operations) ? (operations as Operation[]) : []) {
    if (!apply(result, operation)) return undefined;
  }
  return result;
};

const apply = (root: unknown, { op, path, value }: Operation): boolean => {
  const steps = path
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = steps.pop();
  let place = root;
  for (const step of steps) place = isContainer(place) ? (place as Record<string, unknown>)[step] : undefined;
  if (last === undefined || !isContainer(place)) return false;
  return Array.isArray(place) ? applyToList(place, last, op, value) : applyToFields(place, last, op, value);
};

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

const applyToList = (list: unknown[], step: string, op: string, value: unknown): boolean => {
  const index = step === '-' ? list.length : Number(step);
  if (op === 'add') return list.splice(index, 0, value).length === 0;
  if (!(index in list)) return false;
  if (op === 'test') return isSame(list[index], value);
  return list.splice(index, 1, ...(op === 'replace' ? [value] : [])).length === 1;
};

const applyToFields = (
  fields: Record<string, unknown>,
  name: string,
  op: string,
  value: unknown,
): boolean => {
  if (op === 'test') return isSame(fields[name], value);
  if (op !== 'add' && !(name in fields)) return false;
  if (op === 'remove') delete fields[name];
  else fields[name] = value;
  return true;
};
