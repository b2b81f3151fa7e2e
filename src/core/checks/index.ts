import type { Result } from '../result.ts';
import { fail, ok } from '../result.ts';
import { compilePattern } from '../image/pattern.ts';
import type { ImagePattern, PatternUse } from '../image/pattern.ts';
import type { PolicyCheck } from '../policy/schema.ts';
import type { Check } from './check.ts';
import { digestCheck } from './digest.ts';
import { registriesCheck } from './registries.ts';
import { tagsCheck } from './tags.ts';

/** Compiles a list of patterns; the error names the first one that cannot be used. */
export const compilePatterns = (
  texts: readonly string[],
  use: PatternUse,
): Result<readonly ImagePattern[], string> => {
  const patterns: ImagePattern[] = [];
  for (const text of texts) {
    const compiled = compilePattern(text, use);
    if (!compiled.ok) return fail(`pattern "${compiled.error.text}": ${compiled.error.why}`);
    patterns.push(compiled.value);
  }
  return ok(patterns);
};

type CheckOf<K extends string> = Extract<PolicyCheck, Record<K, unknown>>;

const compileRegistries = (config: CheckOf<'registries'>['registries']): Result<Check, string> => {
  const allow = config.allow === undefined ? ok(undefined) : compilePatterns(config.allow, 'allow');
  if (!allow.ok) return allow;
  const platform = compilePatterns(config.platform ?? [], 'platform');
  if (!platform.ok) return platform;
  const deny = compilePatterns(config.deny ?? [], 'deny');
  if (!deny.ok) return deny;
  return ok(
    registriesCheck({
      allow: allow.value,
      platform: platform.value,
      deny: deny.value,
      requireHost: config.requireHost ?? false,
    }),
  );
};

/** The explicit list: every check of the policy schema becomes a value here, and nowhere else. */
export const compileCheck = (check: PolicyCheck): Result<Check, string> => {
  if ('registries' in check) return compileRegistries(check.registries);
  if ('digest' in check) return ok(digestCheck);
  if ('tags' in check) return ok(tagsCheck(check.tags.deny));
  return check satisfies never;
};
