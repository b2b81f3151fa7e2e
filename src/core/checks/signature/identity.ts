import { identityText } from '../../facts/claim-text.ts';
import { fulcioFields, type CertificateSigner, type FulcioField } from '../../facts/claim.ts';
import { compileIdentityGlob, matchesIdentity, type IdentityGlob } from '../../policy/match/identity-glob.ts';
import { compileName, type MatchesName } from '../../policy/match/distinguished-name.ts';
import { compileRegex } from '../../policy/match/linear-regex.ts';
import type { CertificateIdentity, KeylessIdentity } from '../../policy/schema/schema.ts';
import { fail, ok, type Result } from '../../result.ts';

/**
 * Compares a certificate with one identity.
 * @returns why it is not that of the identity, safe to show; `undefined`: it is
 */
export type ComparesIdentity = (signer: CertificateSigner) => string | undefined;

/** How a name is compared. One of several names in a certificate is enough: its CA vouches for each. */
const compileSubject = ({
  subject,
  subjectRegex,
}: Pick<CertificateIdentity, 'subject' | 'subjectRegex'>): Result<(name: string) => boolean, string> => {
  if (subject !== undefined) {
    const glob = compileIdentityGlob(subject);
    return glob.ok ? ok((name) => matchesIdentity(glob.value, name)) : glob;
  }
  return subjectRegex === undefined ? fail('the identity names nobody') : compileRegex(subjectRegex);
};

const otherSubject = 'its name is none that the policy names';

/** `dn`; every certificate fits an identity that asks for none. */
const compileDn = (dn: string | undefined): Result<MatchesName, string> =>
  dn === undefined ? ok(() => true) : compileName(dn);

/** An identity of a CA that writes names and no issuers. */
export const compileCertificateIdentity = (
  identity: CertificateIdentity,
): Result<ComparesIdentity, string> => {
  const { dn, subject, subjectRegex } = identity;
  const asksForName = dn === undefined || subject !== undefined || subjectRegex !== undefined;
  const matches = asksForName ? compileSubject(identity) : ok(undefined);
  if (!matches.ok) return matches;
  const matchesDn = compileDn(dn);
  if (!matchesDn.ok) return fail(`dn: ${matchesDn.error}`);
  return ok((signer) => {
    // Attack: a root that holds Fulcio too, where the same name of another issuer is somebody else.
    if (signer.issuer !== undefined) return 'its certificate names an issuer, which only `keyless` compares';
    if (!matchesDn.value(signer.subject)) return `its distinguished name is ${identityText(signer.subject)}`;
    const name = matches.value;
    return name === undefined || signer.names.some(({ value }) => name(value)) ? undefined : otherSubject;
  });
};

const compileFields = (
  identity: KeylessIdentity,
): Result<readonly (readonly [FulcioField, IdentityGlob])[], string> => {
  const globs: (readonly [FulcioField, IdentityGlob])[] = [];
  for (const field of fulcioFields) {
    const text = identity[field];
    if (text === undefined) continue;
    const glob = compileIdentityGlob(text);
    if (!glob.ok) return fail(`${field}: ${glob.error}`);
    globs.push([field, glob.value]);
  }
  return ok(globs);
};

/** A field that a certificate has not is not an empty one: `*` would match that. */
const holdsField = (glob: IdentityGlob, given: string | undefined): boolean =>
  given !== undefined && matchesIdentity(glob, given);

const whyField = (
  [field, { text }]: readonly [FulcioField, IdentityGlob],
  given: string | undefined,
): string =>
  given === undefined
    ? `its certificate has no ${field}`
    : `its ${field} is ${identityText(given)}, and the policy wants ${identityText(text)}`;

/** An identity of Fulcio: issuer, name and every field that is written must agree. */
export const compileKeylessIdentity = (identity: KeylessIdentity): Result<ComparesIdentity, string> => {
  const matches = compileSubject(identity);
  if (!matches.ok) return matches;
  const fields = compileFields(identity);
  if (!fields.ok) return fields;
  return ok(({ issuer, names, fields: given }) => {
    if (issuer !== identity.issuer) return 'its issuer is none that the policy names';
    if (!names.some(({ value }) => matches.value(value))) return otherSubject;
    const other = fields.value.find(([field, glob]) => !holdsField(glob, given[field]));
    return other === undefined ? undefined : whyField(other, given[other[0]]);
  });
};

/**
 * Compares with all identities of an authority: one that agrees is enough.
 * @returns the reason of the last one, which for most policies is the only one
 */
export const anyOf =
  (identities: readonly ComparesIdentity[]): ComparesIdentity =>
  (signer) => {
    let why: string | undefined = otherSubject;
    for (const compare of identities) {
      why = compare(signer);
      if (why === undefined) return undefined;
    }
    return why;
  };
