import { identityText } from '../../facts/claim-text.ts';
import type { AttestationClaim } from '../../facts/claim.ts';
import { compileIdentityGlob, matchesIdentity, type IdentityGlob } from '../../policy/match/identity-glob.ts';
import type { AttestationCheck } from '../../policy/schema/schema.ts';
import { fail, ok, type Result } from '../../result.ts';
import { shownBriefly } from '../../text/shown-text.ts';
import type { ClaimCondition } from './condition.ts';

type StatementCondition = ClaimCondition<AttestationClaim>;
type Provenance = NonNullable<AttestationClaim['provenance']>;

/** `predicateType`, read from the signed bytes (S4). */
export const ofType =
  (predicateType: string): StatementCondition =>
  (claim) =>
    claim.predicateType === predicateType ? undefined : { stage: 'type', why: 'it is of another type' };

const compileGlobs = (texts: readonly string[]): Result<readonly IdentityGlob[], string> => {
  const globs: IdentityGlob[] = [];
  for (const text of texts) {
    const glob = compileIdentityGlob(text);
    if (!glob.ok) return fail(`${JSON.stringify(text)}: ${glob.error}`);
    globs.push(glob.value);
  }
  return ok(globs);
};

/** The lists of `provenance`, what is said there, and where a statement says it. */
const lists = [
  ['builders', 'builder', ({ builder }: Provenance) => (builder === undefined ? [] : [builder])],
  ['sources', 'source', ({ sources }: Provenance) => sources],
  ['refs', 'ref', ({ refs }: Provenance) => refs],
] as const;

/**
 * All that the provenance names has to be in the list, and it has to name something. Attack: provenance that names a good
 * repository beside the one that was built.
 */
const among =
  (
    name: string,
    globs: readonly IdentityGlob[],
    read: (provenance: Provenance) => readonly string[],
  ): StatementCondition =>
  ({ provenance }) => {
    const given = provenance === undefined ? [] : read(provenance);
    if (given.length === 0) return { stage: 'condition', why: `it names no ${name}` };
    const other = given.find((text) => !globs.some((glob) => matchesIdentity(glob, text)));
    return other === undefined
      ? undefined
      : { stage: 'condition', why: `its ${name} is ${identityText(other)}, which the policy does not name` };
  };

/** `provenance`: the word of the signer about the build (S7). */
export const compileProvenance = (
  config: NonNullable<AttestationCheck['provenance']>,
): Result<readonly StatementCondition[], string> => {
  const conditions: StatementCondition[] = [];
  for (const [field, name, read] of lists) {
    const texts = config[field];
    if (texts === undefined) continue;
    const globs = compileGlobs(texts);
    if (!globs.ok) return fail(`provenance.${field}: ${globs.error}`);
    conditions.push(among(name, globs.value, read));
  }
  return ok(conditions);
};

const maxWhyLength = 160;

/** `expression`: evaluated beside the signature. What nobody evaluated is an error, never true. */
export const expressionHolds =
  (text: string): StatementCondition =>
  ({ expressions }) => {
    const result = Object.hasOwn(expressions, text) ? expressions[text] : undefined;
    if (result === undefined) return { stage: 'error', why: 'its expression was not evaluated' };
    switch (result.state) {
      case 'true':
        return undefined;
      case 'false':
        return { stage: 'condition', why: 'its expression is false' };
      case 'error':
        return { stage: 'error', why: `its expression fails: ${shownBriefly(result.why, maxWhyLength)}` };
      default:
        return result satisfies never;
    }
  };
