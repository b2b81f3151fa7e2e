import { compileCheck, compileEvidenceCheck, compilePatterns, isEvidenceCheck } from '../checks/index.ts';
import type { Check, EvidenceCheck } from '../checks/check.ts';
import { pinCheck } from '../checks/digest.ts';
import { digestOnly, withNeed } from '../facts/evidence-kind.ts';
import { fail, ok, type Result } from '../result.ts';
import { pinsByItself } from '../policy/schema/checks.ts';
import { readDuration } from '../policy/schema/duration.ts';
import { compileSelector } from '../policy/match/label-selector.ts';
import { createPolicySet, type PolicySet } from './policy-set.ts';
import type { BrokenPolicy, CompiledMatch, CompiledPolicy } from './compiled-policy.ts';
import { readMatch, type ImagePolicy, type PolicySpec } from '../policy/schema/schema.ts';

type PolicyMatch = ImagePolicy['spec']['match'];

/** Matches everything. Used for a policy whose own `match` cannot be read (R8). */
export const matchEverything: CompiledMatch = {
  include: ['*'],
  exclude: [],
  namespaceSelector: undefined,
  objectSelector: undefined,
  images: undefined,
};

const isEveryImage = (images: readonly string[]): boolean => images.includes('**');

/** Prepares a policy's `match`; fails only on an image pattern that cannot be used. */
const compileMatch = (match: PolicyMatch): Result<CompiledMatch, string> => {
  const images = isEveryImage(match.images) ? ok(undefined) : compilePatterns(match.images, 'match');
  if (!images.ok) return images;
  return ok({
    include: match.namespaces.include,
    exclude: match.namespaces.exclude,
    namespaceSelector: compileSelector(match.namespaceSelector),
    objectSelector: compileSelector(match.objectSelector),
    images: images.value,
  });
};

interface CompiledChecks {
  readonly checks: readonly Check[];
  readonly evidence: readonly EvidenceCheck[];
}

const compileChecks = ({ checks, multiArch }: PolicySpec): Result<CompiledChecks, string> => {
  const compiled: { checks: Check[]; evidence: EvidenceCheck[] } = { checks: [], evidence: [] };
  for (const [index, check] of checks.entries()) {
    const at = `spec.checks[${index}]`;
    if (isEvidenceCheck(check)) {
      const one = compileEvidenceCheck(check, multiArch);
      if (!one.ok) return fail(`${at}: ${one.error}`);
      compiled.evidence.push(one.value);
    } else {
      const one = compileCheck(check, checks);
      if (!one.ok) return fail(`${at}: ${one.error}`);
      compiled.checks.push(one.value);
    }
  }
  return ok(compiled);
};

/**
 * How a policy keeps what it judged from being exchanged before the pull. One that asks who signed or attested, or what is in the image, pins by itself, unless
 * its `digest` check says something else: a signature of bytes that do not run is worth nothing (B1).
 */
const pinningOf = ({ checks, mode }: PolicySpec) => {
  const digests = checks.flatMap((check) => ('digest' in check ? [check.digest] : []));
  const isImplied = digests.length === 0 && mode !== 'Audit' && checks.some(pinsByItself);
  return {
    isImplied,
    pins: isImplied || digests.some(({ pin }) => pin === true),
    fixesBytes: isImplied || digests.some(({ pin, require }) => pin === true || require),
  };
};

/** Prepares a policy for evaluation. A check that this version cannot run is an error, never ignored (R5). */
export const compilePolicy = ({ metadata, spec }: ImagePolicy): Result<CompiledPolicy, string> => {
  const match = compileMatch(spec.match);
  if (!match.ok) return fail(`spec.match.images: ${match.error}`);
  const compiled = compileChecks(spec);
  if (!compiled.ok) return compiled;
  const staleFor = readDuration(spec.staleFor);
  if (staleFor === undefined) return fail(`spec.staleFor: ${JSON.stringify(spec.staleFor)} cannot be read`);
  const pinning = pinningOf(spec);
  return ok({
    name: metadata.name,
    mode: spec.mode,
    onUnavailable: spec.onUnavailable,
    match: match.value,
    ...compiled.value,
    checks: pinning.isImplied ? [...compiled.value.checks, pinCheck] : compiled.value.checks,
    needs: compiled.value.evidence.map(({ need }) => need).reduce(withNeed, digestOnly),
    pin: pinning.pins,
    fixesBytes: pinning.fixesBytes,
    multiArch: spec.multiArch,
    staleFor,
  });
};

/**
 * A whole set from files. The schema has read every policy, so one that does not compile is a defect: it throws, and
 * the caller keeps the last good set.
 */
export const compilePolicySet = (
  policies: readonly ImagePolicy[],
  version: string,
  broken: readonly BrokenPolicy[] = [],
): PolicySet =>
  createPolicySet(
    version,
    policies.map((policy) => {
      const compiled = compilePolicy(policy);
      if (!compiled.ok) throw new Error(`policy ${policy.metadata.name}: ${compiled.error}`);
      return compiled.value;
    }),
    broken,
  );

/** A policy that cannot be used: it denies within what its `match` selects, everything if that is unreadable (R8). */
export const compileBroken = (name: string, match: unknown, problem: string): BrokenPolicy => {
  const read = readMatch({ spec: { match } });
  const compiled = read === undefined ? undefined : compileMatch(read);
  return { name, match: compiled?.ok === true ? compiled.value : matchEverything, problem };
};
