import { fulcioFields, type FulcioField } from '../../facts/claim.ts';
import { isDated, requirementsOf } from '../schema/authority.ts';
import type {
  AttestationCheck,
  ImagePolicy,
  KeylessIdentity,
  PolicyAuthority,
  SignatureCheck,
} from '../schema/schema.ts';
import { remark, type Rule, type RuleRemark } from './remark.ts';

type Path = RuleRemark['path'];

/** A check about claims, and where it stands. */
interface ClaimCheckAt {
  readonly path: Path;
  readonly check: SignatureCheck | AttestationCheck;
}

const claimChecksOf = ({ spec }: ImagePolicy): readonly ClaimCheckAt[] =>
  spec.checks.flatMap((check, index): readonly ClaimCheckAt[] => {
    const at = ['spec', 'checks', index];
    if ('signature' in check) return [{ path: [...at, 'signature'], check: check.signature }];
    return 'attestation' in check ? [{ path: [...at, 'attestation'], check: check.attestation }] : [];
  });

/** Authorities of package lists are as those of attestations. */
const listSourcesOf = ({ spec }: ImagePolicy) =>
  spec.checks.flatMap((check, index) =>
    'vulnerabilities' in check
      ? check.vulnerabilities.evidence.flatMap(({ sbom = {} }, at) =>
          sbom.authorities === undefined
            ? []
            : [
                {
                  path: ['spec', 'checks', index, 'vulnerabilities', 'evidence', at, 'sbom'],
                  check: { authorities: sbom.authorities },
                },
              ],
        )
      : [],
  );

const authoritiesIn = <C extends { readonly authorities: readonly PolicyAuthority[] }>(
  checks: readonly { readonly path: Path; readonly check: C }[],
) =>
  checks.flatMap(({ path, check }) =>
    check.authorities.map((authority, index) => ({
      check,
      authority,
      path: [...path, 'authorities', index],
    })),
  );
const authoritiesOf = (policy: ImagePolicy) =>
  authoritiesIn<{ readonly authorities: readonly PolicyAuthority[] }>([
    ...claimChecksOf(policy),
    ...listSourcesOf(policy),
  ]);

const keylessIdentitiesOf = (policy: ImagePolicy) =>
  authoritiesOf(policy).flatMap(({ path, authority }) =>
    (authority.keyless?.identities ?? []).map((identity, index) => ({
      identity,
      path: [...path, 'keyless', 'identities', index],
    })),
  );

/** Fields that say whose build it was. */
const namesSource: readonly FulcioField[] = fulcioFields.filter((field) =>
  /^sourceRepository(?:Uri|Identifier|Owner)/.test(field),
);
const isWorkflow = ({ subject, subjectRegex }: KeylessIdentity): boolean =>
  /\.github\b|\.gitlab-ci/.test(subject ?? subjectRegex ?? '');

/** S7: the certificate names the workflow that signed, and anybody may call a shared one. */
const sharedWorkflow: Rule = (policy) =>
  keylessIdentitiesOf(policy)
    .filter(
      ({ identity }) => isWorkflow(identity) && namesSource.every((field) => identity[field] === undefined),
    )
    .map(({ path }) =>
      remark(
        path,
        'names a workflow and not whose build it was: other repositories can call a shared workflow and get the same subject; ' +
          'add `sourceRepositoryUri` or `sourceRepositoryOwnerUri`',
      ),
    );

const onlyWildcards = /^[*@/]{1,512}$/;
const anyText = ['.*', '.+'];
const isAnybody = (subject: string | undefined, subjectRegex: string | undefined): boolean =>
  (subject !== undefined && onlyWildcards.test(subject)) || anyText.includes(subjectRegex ?? '');

const anybody: Rule = (policy) =>
  authoritiesOf(policy).flatMap(({ path, authority }) =>
    (['keyless', 'certificate'] as const).flatMap((kind) =>
      (authority[kind]?.identities ?? []).flatMap(({ subject, subjectRegex }, index) =>
        isAnybody(subject, subjectRegex)
          ? [
              remark(
                [...path, kind, 'identities', index],
                'matches everybody to whom the CA writes a certificate; name those who may sign',
              ),
            ]
          : [],
      ),
    ),
  );

/** Workflows are URIs; a subject without its scheme matches none of them. */
const withoutScheme: Rule = (policy) =>
  keylessIdentitiesOf(policy).flatMap(({ path, identity: { subject = '' } }) =>
    /^[a-z0-9.-]{1,253}\.[a-z]{2,63}\//.test(subject)
      ? [
          remark(
            [...path, 'subject'],
            `matches no certificate: names of workflows begin with https://, as https://${subject}`,
          ),
        ]
      : [],
  );

const logIsOff: Rule = (policy) =>
  authoritiesOf(policy)
    .filter(({ authority }) => authority.keyless !== undefined && requirementsOf(authority).logs === 0)
    .map(({ path }) =>
      remark(
        [...path, 'require', 'logs'],
        'without a log nobody finds out when somebody else gets a certificate in this name and signs with it',
      ),
    );

/** The same key signs all that its holder signs: an image of one team passes as that of another. */
const keySignsAnything: Rule = (policy) => {
  if (!policy.spec.match.images.includes('**')) return [];
  // Who signs a list says what is in one digest, under whatever name it runs.
  return authoritiesIn(claimChecksOf(policy))
    .filter(({ authority, check }) => authority.key !== undefined && !('signedAs' in check))
    .map(({ path }) =>
      remark(
        [...path, 'key'],
        'whatever the holder of this key has signed may run under any name; say in `match.images` whose key it is, or in `signedAs` ' +
          'under which name it signs',
      ),
    );
};

/** S10: without a time that somebody else vouches for, a key that ends takes all of its signatures along. */
const endsForAll: Rule = (policy) =>
  authoritiesOf(policy)
    .filter(({ authority }) => authority.validUntil !== undefined && !isDated(authority))
    .map(({ path }) =>
      remark(
        [...path, 'validUntil'],
        'nothing dates what this authority signs, so from then on none of its signatures counts; require a timestamp or a log ' +
          'where older ones shall stay good',
      ),
    );

/** B1: what was signed is not what runs. */
const signedIsNotPinned: Rule = (policy) => {
  const pinsNot = policy.spec.checks.flatMap((check, index) =>
    'digest' in check && check.digest.pin === false && !check.digest.require ? [index] : [],
  );
  if (claimChecksOf(policy).length === 0) return [];
  return pinsNot.map((index) =>
    remark(
      ['spec', 'checks', index, 'digest', 'pin'],
      'the policy asks who signed what a tag stands for now and lets the tag be pulled later, when it may stand for something else',
    ),
  );
};

/** Remarks on checks about signatures and attestations. */
export const signatureRules: readonly Rule[] = [
  sharedWorkflow,
  anybody,
  withoutScheme,
  logIsOff,
  keySignsAnything,
  endsForAll,
  signedIsNotPinned,
];
