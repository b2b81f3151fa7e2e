import { fail, ok, type Result } from '../result.ts';
import { compilePattern, type ImagePattern, type PatternUse } from '../image/pattern.ts';
import type { MultiArch, PolicyCheck } from '../policy/schema/schema.ts';
import { attestationCheck } from './attestation.ts';
import { pass, type Check, type EvidenceCheck } from './check.ts';
import { digestCheck, pinCheck } from './digest.ts';
import { imageCheck } from './image.ts';
import { registriesCheck } from './registries.ts';
import { signatureCheck } from './signature.ts';
import { tagsCheck } from './tags.ts';
import { vulnerabilitiesCheck } from './vulnerabilities.ts';

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

const hasAllowList = (check: PolicyCheck): boolean =>
  'registries' in check && check.registries.allow !== undefined;

const compileRegistries = (
  config: CheckOf<'registries'>['registries'],
  all: readonly PolicyCheck[],
): Result<Check, string> => {
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
      besideAnother: all.filter(hasAllowList).length > 1,
    }),
  );
};

/** `pin: false` beside a check that pins by itself: it only says that it does not. */
const compileDigest = ({ require, pin }: CheckOf<'digest'>['digest']): Check => {
  if (require) return digestCheck;
  return pin === true ? pinCheck : { id: 'digest', run: () => pass };
};

/** The checks that the text alone decides. They need no bytes, so they cause no network call. */
type PolicyEvidenceCheck =
  CheckOf<'image'> | CheckOf<'signature'> | CheckOf<'attestation'> | CheckOf<'vulnerabilities'>;
type StaticCheck = Exclude<PolicyCheck, PolicyEvidenceCheck>;

export const isEvidenceCheck = (check: PolicyCheck): check is PolicyEvidenceCheck =>
  'image' in check || 'signature' in check || 'attestation' in check || 'vulnerabilities' in check;

/**
 * The explicit list: every check of the policy schema becomes a value here or below, and nowhere else.
 * @param all - the checks of the policy: the advice of a check depends on the others
 */
export const compileCheck = (check: StaticCheck, all: readonly PolicyCheck[]): Result<Check, string> => {
  if ('registries' in check) return compileRegistries(check.registries, all);
  if ('digest' in check) return ok(compileDigest(check.digest));
  if ('tags' in check) return ok(tagsCheck(check.tags.deny));
  return check satisfies never;
};

/** The explicit list of the checks that need evidence. */
export const compileEvidenceCheck = (
  check: PolicyEvidenceCheck,
  multiArch: MultiArch,
): Result<EvidenceCheck, string> => {
  if ('image' in check) return imageCheck(check.image, multiArch);
  if ('signature' in check) return signatureCheck(check.signature, multiArch);
  if ('attestation' in check) return attestationCheck(check.attestation, multiArch);
  if ('vulnerabilities' in check) return vulnerabilitiesCheck(check.vulnerabilities, multiArch);
  return check satisfies never;
};
