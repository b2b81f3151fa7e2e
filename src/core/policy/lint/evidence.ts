import { pinsByItself } from '../schema/checks.ts';
import { readDuration } from '../schema/duration.ts';
import { remark, type Rule } from './remark.ts';
import type { ImageCheck, ImagePolicy } from '../schema/schema.ts';

const imageChecksOf = (policy: ImagePolicy): readonly { index: number; check: ImageCheck }[] =>
  policy.spec.checks.flatMap((check, index) => ('image' in check ? [{ index, check: check.image }] : []));

const pins = ({ spec }: ImagePolicy): boolean =>
  spec.checks.some((check) => 'digest' in check && check.digest.pin === true);

/** B1: a tag may be moved between the lookup and the pull. A policy that asks who signed pins by itself. */
const bytesAreNotPinned: Rule = (policy) => {
  if (policy.spec.checks.some((check) => 'digest' in check || pinsByItself(check))) return [];
  return imageChecksOf(policy)
    .slice(0, 1)
    .map(({ index }) =>
      remark(
        ['spec', 'checks', index, 'image'],
        'the policy judges what a tag stands for now and lets the tag be pulled later, when it may stand for something ' +
          'else; add `digest: { pin: true }` or `digest: { require: true }`',
      ),
    );
};

const noAgeFits: Rule = (policy) =>
  imageChecksOf(policy).flatMap(({ index, check: { minAge, maxAge } }) => {
    if (minAge === undefined || maxAge === undefined) return [];
    if ((readDuration(minAge) ?? 0) < (readDuration(maxAge) ?? 0)) return [];
    return [
      remark(
        ['spec', 'checks', index, 'image', 'minAge'],
        `no image passes: it would have to be at least ${minAge} and at most ${maxAge} old`,
      ),
    ];
  });

const wantsForbiddenPlatform: Rule = (policy) =>
  imageChecksOf(policy).flatMap(({ index, check: { platforms } }) => {
    if (platforms === undefined) return [];
    return policy.spec.multiArch.platforms
      .filter(
        (wanted) => !platforms.some((allowed) => wanted === allowed || wanted.startsWith(`${allowed}/`)),
      )
      .map((wanted) =>
        remark(
          ['spec', 'checks', index, 'image', 'platforms'],
          `\`multiArch.platforms\` demands ${wanted} of every index, and \`platforms\` does not allow it`,
        ),
      );
  });

const pinsInAudit: Rule = (policy) =>
  policy.spec.mode === 'Audit' && pins(policy)
    ? [remark(['spec', 'mode'], '`digest.pin` adds no digest in mode Audit, which changes nothing; use Warn')]
    : [];

/** Fields that only checks with evidence read. */
const readsNoRegistry: Rule = (policy) => {
  const { multiArch, staleFor } = policy.spec;
  const judges = policy.spec.checks.some((check) => 'image' in check || pinsByItself(check));
  return [
    ...(multiArch.mode !== 'reference' && !judges
      ? [remark(['spec', 'multiArch'], '`multiArch` does nothing here: no check reads images')]
      : []),
    ...((readDuration(staleFor) ?? 0) > 0 && !judges && !pins(policy)
      ? [remark(['spec', 'staleFor'], '`staleFor` does nothing here: no check asks a registry')]
      : []),
  ];
};

/** Remarks on checks that need evidence. */
export const evidenceRules: readonly Rule[] = [
  bytesAreNotPinned,
  noAgeFits,
  wantsForbiddenPlatform,
  pinsInAudit,
  readsNoRegistry,
];
