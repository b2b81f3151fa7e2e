import type { Claim, Signer } from '../../facts/claim.ts';
import type { ClaimSituation } from '../../facts/claim-need.ts';
import { readTime } from '../../oci/time.ts';
import { requirementsOf } from '../../policy/schema/authority.ts';
import type { PolicyAuthority } from '../../policy/schema/schema.ts';
import { fail, ok, type Result } from '../../result.ts';
import { readPublicKey } from '../../text/public-key.ts';
import {
  anyOf,
  compileCertificateIdentity,
  compileKeylessIdentity,
  type ComparesIdentity,
} from './identity.ts';
import type { Shortfall } from './stage.ts';
import { outsideOf, signedAt, type SignedAt, type ValidityWindow } from './trusted-time.ts';

/** Somebody who may sign. */
export interface CompiledAuthority {
  readonly name: string;
  /** Base64 of a DER SubjectPublicKeyInfo. */
  readonly keys: readonly string[];
  readonly trustRoots: readonly string[];
  /** When this authority signed the claim, or why it counts as not signed by it. */
  judge(claim: Claim, situation: ClaimSituation): Result<SignedAt, Shortfall>;
}

/** Whether a signer is the authority; a reason when it is not. */
type ComparesSigner = (signer: Signer) => string | undefined;

interface Proven {
  readonly keys: readonly string[];
  readonly trustRoots: readonly string[];
  readonly compare: ComparesSigner;
}

const otherSigner = 'the policy names no such signer';

const ofKey = (pem: string): Result<Proven, string> => {
  const spki = readPublicKey(pem);
  if (!spki.ok) return spki;
  return ok({
    keys: [spki.value],
    trustRoots: [],
    compare: (signer) => (signer.kind === 'key' && signer.spki === spki.value ? undefined : otherSigner),
  });
};

const compiledAll = <T>(
  identities: readonly T[],
  compile: (identity: T) => Result<ComparesIdentity, string>,
): Result<ComparesIdentity, string> => {
  const compiled: ComparesIdentity[] = [];
  for (const [at, identity] of identities.entries()) {
    const one = compile(identity);
    if (!one.ok) return fail(`identities[${String(at)}]: ${one.error}`);
    compiled.push(one.value);
  }
  return ok(anyOf(compiled));
};

const ofCertificates = (
  trustRoot: string,
  compare: Result<ComparesIdentity, string>,
): Result<Proven, string> => {
  if (!compare.ok) return compare;
  return ok({
    keys: [],
    trustRoots: [trustRoot],
    compare: (signer) => {
      if (signer.kind === 'key') return otherSigner;
      if (signer.trustRoot !== trustRoot) return `its certificate is of trust root ${signer.trustRoot}`;
      return compare.value(signer);
    },
  });
};

const provenBy = ({ key, keyless, certificate }: PolicyAuthority): Result<Proven, string> => {
  if (key !== undefined) return ofKey(key.pem);
  if (keyless !== undefined)
    return ofCertificates(keyless.trustRoot, compiledAll(keyless.identities, compileKeylessIdentity));
  if (certificate !== undefined)
    return ofCertificates(
      certificate.trustRoot,
      compiledAll(certificate.identities, compileCertificateIdentity),
    );
  return fail('names nobody');
};

/** A bound that cannot be read is an error; it is never left out. */
const compileWindow = ({ validFrom, validUntil }: PolicyAuthority): Result<ValidityWindow, string> => {
  const from = readTime(validFrom);
  const until = readTime(validUntil);
  if (validFrom !== undefined && from === undefined) return fail('validFrom cannot be read');
  if (validUntil !== undefined && until === undefined) return fail('validUntil cannot be read');
  return ok({ ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) });
};

export const compileAuthority = (authority: PolicyAuthority): Result<CompiledAuthority, string> => {
  const proven = provenBy(authority);
  if (!proven.ok) return proven;
  const window = compileWindow(authority);
  if (!window.ok) return window;
  const { keys, trustRoots, compare } = proven.value;
  const required = requirementsOf(authority);
  const isKeyless = authority.keyless !== undefined;
  const root = required.trustRoot === undefined ? [] : [required.trustRoot];
  return ok({
    name: authority.name,
    keys,
    trustRoots: [...new Set([...trustRoots, ...root])],
    judge: (claim, { now }) => {
      const why = compare(claim.signer);
      if (why !== undefined) return fail({ stage: 'signer', why });
      const signed = signedAt(claim, required, isKeyless, now);
      if (!signed.ok) return signed;
      const outside = outsideOf(window.value, signed.value);
      return outside === undefined ? signed : fail(outside);
    },
  });
};
