import type { ImageReference } from '../../core/image/reference.ts';
import { predicateTypeOf, predicateTypeWords } from '../../core/facts/predicate-type.ts';
import { claimPolicies } from '../../core/policy-set/claim-policies.ts';
import { publicTrustRoot } from '../../core/policy/schema/authority.ts';
import type { PolicySet } from '../../core/policy-set/policy-set.ts';
import { suggest } from '../../core/policy/load/suggestion.ts';
import { shown } from '../../core/text/shown-text.ts';
import { takeSnapshot, type TrustRootSnapshot } from '../../evidence/trust/trust-root.ts';
import type { ConfigOf } from '../../config/resolved.ts';
import { parseNamespace } from '../check/check-run.ts';
import { readInputText } from '../input-file.ts';
import { readPolicies } from '../policy-input.ts';
import { UsageError, valueOrUsage, type Terminal } from '../terminal/terminal.ts';
import { policyOfFlags, type FlagAuthority } from './authority-policy.ts';

/** Flags that say what an image has to be signed by. */
export interface SignerFlags {
  readonly key?: string;
  readonly certificateIdentity?: string;
  readonly certificateOidcIssuer?: string;
  readonly trustedRoot?: string;
  readonly type?: string;
  readonly namespace?: string;
  readonly kms?: string;
  readonly notationPolicy?: string;
  readonly trustStore?: string;
}

/** What an image is verified by. */
export interface VerifyInput {
  /** Policies that ask for signatures or attestations of the image, and nothing else. */
  readonly policies: PolicySet;
  /** Beside those that are shipped. */
  readonly trustRoots: readonly TrustRootSnapshot[];
}

/** A key has at most 4,096 characters in a policy; a trusted root as many as in a TrustRoot. */
const maxBytes = { key: 64 * 1024, root: 1024 * 1024 };
const rootName = 'trusted-root';

const refuse = (line: string): never => {
  throw new UsageError([line]);
};

/** They are to come; to take one for nothing would verify something else than was asked. */
const refuseFuture = ({ kms, notationPolicy, trustStore }: SignerFlags): void => {
  if (kms !== undefined)
    refuse(
      '--kms is not there yet: write the public key into a file (cosign public-key --key URI) and give it with --key',
    );
  if (notationPolicy !== undefined)
    refuse('--notation-policy is not there yet: signatures of Notation are not read');
  if (trustStore !== undefined) refuse('--trust-store is not there yet: signatures of Notation are not read');
};

const predicateTypeFrom = (type: string | undefined): string | undefined => {
  if (type === undefined) return undefined;
  const known = predicateTypeOf(type);
  if (known !== undefined) return known;
  const near = suggest(type, predicateTypeWords);
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  return refuse(
    shown(
      `--type ${JSON.stringify(type)} is neither a URI nor one of ${predicateTypeWords.join(', ')}${meant}`,
    ),
  );
};

const rootOfFlags = async (file: string | undefined): Promise<TrustRootSnapshot | undefined> => {
  if (file === undefined) return undefined;
  const trustedRoot = await readInputText(file, maxBytes.root);
  return valueOrUsage(takeSnapshot({ name: rootName }, { kind: 'sigstore', trustedRoot }), (problems) =>
    problems.map((problem) => shown(`--trusted-root ${file}: ${problem}`)),
  );
};

const ways =
  'say who has to have signed: --policies PATH, --key FILE, or --certificate-identity NAME with --certificate-oidc-issuer URL';

const authorityOf = async (flags: SignerFlags): Promise<FlagAuthority | undefined> => {
  const { key, certificateIdentity: identity, certificateOidcIssuer: issuer, trustedRoot } = flags;
  const isKeyless = identity !== undefined || issuer !== undefined;
  if (key !== undefined && isKeyless) return refuse(`${ways}; not two of them`);
  if (trustedRoot !== undefined && !isKeyless)
    return refuse(
      '--trusted-root stands beside --certificate-identity; policies name a TrustRoot of their own',
    );
  if (key !== undefined) return { kind: 'key', file: key, pem: await readInputText(key, maxBytes.key) };
  if (!isKeyless) return undefined;
  if (identity === undefined || issuer === undefined)
    return refuse(
      '--certificate-identity and --certificate-oidc-issuer belong together: a name is worth what its issuer is',
    );
  return {
    kind: 'keyless',
    identity,
    issuer,
    trustRoot: trustedRoot === undefined ? publicTrustRoot : rootName,
  };
};

interface Given {
  readonly set: PolicySet;
  readonly trustRoots: readonly TrustRootSnapshot[];
}

const givenBy = async (
  flags: SignerFlags,
  policies: ConfigOf<'policies'>['policies'],
  predicateType: string | undefined,
  terminal: Pick<Terminal, 'compileExpression'>,
): Promise<Given> => {
  const authority = await authorityOf(flags);
  if (authority === undefined) {
    if (policies.value.length === 0) return refuse(ways);
    const { value: set, trustRoots } = await readPolicies(policies.value, terminal);
    return { set, trustRoots };
  }
  // What stands in the environment or in a file is for calls that say nothing else.
  if (policies.origin.kind === 'flag') return refuse(`${ways}; not two of them`);
  if (flags.namespace !== undefined) return refuse('-n chooses among policies, and none are given');
  const root = await rootOfFlags(flags.trustedRoot);
  return {
    set: policyOfFlags(authority, predicateType, terminal),
    trustRoots: root === undefined ? [] : [root],
  };
};

/** What an image has to be signed by, from flags and policies; what cannot be used, and no policy at all, is exit code 2. */
export const readVerifyInput = async (
  image: ImageReference,
  flags: SignerFlags,
  policies: ConfigOf<'policies'>['policies'],
  terminal: Pick<Terminal, 'compileExpression'>,
): Promise<VerifyInput> => {
  refuseFuture(flags);
  const predicateType = predicateTypeFrom(flags.type);
  const { set, trustRoots } = await givenBy(flags, policies, predicateType, terminal);
  const namespace = flags.namespace === undefined ? undefined : parseNamespace(flags.namespace);
  const asking = claimPolicies(set, {
    image,
    ...(namespace === undefined ? {} : { namespace }),
    ...(predicateType === undefined ? {} : { predicateType }),
  });
  if (asking.policies.length > 0) return { policies: asking, trustRoots };
  const what =
    predicateType === undefined ? 'who signed this image' : 'for attestations of this type about this image';
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  return refuse(
    shown(
      `none of the ${String(set.policies.length)} policies asks ${what}${where}, so nothing can be verified`,
    ),
  );
};
