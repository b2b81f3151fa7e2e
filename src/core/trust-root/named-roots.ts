import { isJsonObject } from '../text/json/json.ts';
import type { ImagePolicy } from '../policy/schema/schema.ts';

/** A place where a policy names a trust root. */
export interface NamedTrustRoot {
  readonly name: string;
  readonly path: readonly (string | number)[];
}

const below = (value: unknown, path: NamedTrustRoot['path']): readonly NamedTrustRoot[] => {
  if (Array.isArray(value)) return value.flatMap((item, index) => below(item, [...path, index]));
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([field, inner]) =>
    field === 'trustRoot' && typeof inner === 'string'
      ? [{ name: inner, path: [...path, field] }]
      : below(inner, [...path, field]),
  );
};

/** Every field `trustRoot` of the checks of a policy, those with their default included. */
export const namedTrustRoots = ({ spec }: Pick<ImagePolicy, 'spec'>): readonly NamedTrustRoot[] =>
  below(spec.checks, ['spec', 'checks']);
