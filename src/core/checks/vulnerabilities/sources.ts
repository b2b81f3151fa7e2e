/*
 * vulnerabilities.evidence
 *
 * Reads:   whose word each package list is, and what claims say of who attested it.
 * Allows:  lists of the gate itself, of whoever may push, lists that one of the authorities attested: as the policy says. Others count for nothing.
 */
import { besideImage } from '../../facts/claim-location.ts';
import type { AttestationClaim } from '../../facts/claim.ts';
import type { AttestationNeed, ClaimSituation } from '../../facts/claim-need.ts';
import type { PlatformChoice } from '../../facts/image-facts.ts';
import { attestationKind } from '../../facts/signature-kind.ts';
import type {
  AcceptedLists,
  PackageListSource,
  VulnerabilityFacts,
} from '../../facts/vulnerability/vulnerability-facts.ts';
import type { PolicyAuthority, VulnerabilitiesCheck } from '../../policy/schema/schema.ts';
import { ok, type Result } from '../../result.ts';
import { shownName } from '../../text/shown-text.ts';
import { isSbomPredicate, sbomPredicates } from '../../vulnerability/sbom/read-sbom.ts';
import { listed, type CheckSituation } from '../check.ts';
import { claimNeedOf, compileTerms } from '../signature/claim-check.ts';
import { shortfallOf, type ClaimTerms } from '../signature/judgement.ts';
import { placesOf } from '../signature/subject.ts';
import type { AcceptedText } from './looked.ts';

/** Lists that one of some authorities attested. */
interface SignedSource {
  readonly need: AttestationNeed;
  accepts(claim: AttestationClaim, situation: ClaimSituation): boolean;
}

/** Which lists count for a check. */
export interface ListSources {
  readonly lists: AcceptedLists;
  readonly text: AcceptedText;
  /** Whether time can change which of the same lists count. */
  readonly readsTime: boolean;
  accepts(source: PackageListSource, facts: VulnerabilityFacts, situation: CheckSituation): boolean;
}

const locations = [besideImage];

const compileSigned = (
  authorities: readonly PolicyAuthority[],
  platforms: PlatformChoice,
): Result<SignedSource, string> => {
  const config = { threshold: 1, authorities: [...authorities], locations };
  const compiled = compileTerms<AttestationClaim>(config, {
    thing: 'package list',
    missing: 'attestation-missing',
    kind: ({ predicateType }) =>
      isSbomPredicate(predicateType) ? undefined : { stage: 'type', why: 'it is no package list' },
    conditions: [],
    contents: [],
    select: 'Any',
  });
  if (!compiled.ok) return compiled;
  const terms: ClaimTerms<AttestationClaim> = compiled.value;
  const multiArch = { mode: 'reference' as const, platforms: [] };
  return ok({
    need: {
      ...claimNeedOf({
        text: JSON.stringify({ lists: authorities }),
        config,
        terms,
        multiArch,
        indexCovers: false,
      }),
      platforms,
      predicateTypes: sbomPredicates,
      expressions: [],
    },
    accepts: (claim, situation) =>
      placesOf(locations, situation.repository).has(claim.location) &&
      terms.authorities.some((authority) => shortfallOf(terms, authority, claim, situation) === undefined),
  });
};

const attachUnsigned =
  'attach a CycloneDX or SPDX list to the digest: `oras attach --artifact-type application/vnd.cyclonedx+json IMAGE list.cdx.json`';
const attachSigned =
  'attest a CycloneDX or SPDX list of the digest: `cosign attest --type cyclonedx --predicate list.cdx.json IMAGE`';

const lookedInto = 'try again: the gate looks into the image when it is asked about it';

const textOf = (catalog: boolean, unsigned: boolean, names: readonly string[]): AcceptedText => ({
  accepted: [
    ...(catalog ? ['what the gate finds in the layers'] : []),
    ...(unsigned ? ['unsigned lists beside the image'] : []),
    ...(names.length === 0 ? [] : [`lists that ${listed(names, shownName)} attested`]),
  ].join(' and '),
  remedy: catalog ? lookedInto : unsigned ? attachUnsigned : attachSigned,
});

/** @param platforms the images that are judged: lists are looked for beside each of them */
export const compileListSources = (
  evidence: VulnerabilitiesCheck['evidence'],
  platforms: PlatformChoice,
): Result<ListSources, string> => {
  const catalog = evidence.some((source) => source.catalog !== undefined);
  const unsigned = evidence.some(({ sbom }) => sbom?.unsigned === true);
  const groups = evidence.flatMap(({ sbom }) => (sbom?.authorities === undefined ? [] : [sbom.authorities]));
  const signed: SignedSource[] = [];
  for (const authorities of groups) {
    const compiled = compileSigned(authorities, platforms);
    if (!compiled.ok) return compiled;
    signed.push(compiled.value);
  }
  const [first, ...more] = signed.map(({ need }) => need);
  const need =
    first === undefined ? undefined : more.reduce((all, other) => attestationKind.union(all, other), first);
  return ok({
    lists: { catalog, unsigned, ...(need === undefined ? {} : { signed: need }) },
    text: textOf(
      catalog,
      unsigned,
      groups.flat().map(({ name }) => name),
    ),
    readsTime: signed.length > 0,
    accepts: (source, { signed: by }, { now }) => {
      if (source.kind !== 'signed') return source.kind === 'catalog' ? catalog : unsigned;
      return (
        by !== undefined &&
        signed.some((one) => one.accepts(source.claim, { now, repository: by.repository }))
      );
    },
  });
};
