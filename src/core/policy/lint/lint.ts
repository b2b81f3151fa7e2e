import type { PatternUse } from '../../image/pattern.ts';
import { lintPattern } from '../../image/pattern-lint.ts';
import { compiledPatterns, conflictsOf } from './conflict.ts';
import { coversGlob, coversPattern } from './cover.ts';
import { evidenceRules } from './evidence.ts';
import { remark, type Rule } from './remark.ts';
import { signatureRules } from './signature.ts';
import { vulnerabilityRemarks } from './vulnerabilities.ts';
import type { ImagePolicy, RegistriesCheck } from '../schema/schema.ts';

/** Something that is legal and probably not meant. */
export interface LintRemark {
  readonly policy: string;
  readonly path: readonly (string | number)[];
  readonly severity: 'warning';
  readonly message: string;
}

const registriesOf = (policy: ImagePolicy): readonly { index: number; check: RegistriesCheck }[] =>
  policy.spec.checks.flatMap((check, index) =>
    'registries' in check ? [{ index, check: check.registries }] : [],
  );

const patternsLookNarrower: Rule = (policy) => {
  const remarksOn = (texts: readonly string[], use: PatternUse, path: readonly (string | number)[]) =>
    compiledPatterns(texts, use).flatMap((pattern, index) =>
      lintPattern(pattern).map((message) => remark([...path, index], message)),
    );
  return [
    ...remarksOn(policy.spec.match.images, 'match', ['spec', 'match', 'images']),
    ...registriesOf(policy).flatMap(({ index, check }) =>
      (['allow', 'platform', 'deny'] as const).flatMap((use) =>
        remarksOn(check[use] ?? [], use, ['spec', 'checks', index, 'registries', use]),
      ),
    ),
  ];
};

/** R1: an image outside `images` is not judged by this policy's allow list. */
const allowDoesNotFence: Rule = (policy) => {
  if (policy.spec.match.images.includes('**')) return [];
  return registriesOf(policy)
    .filter(({ check }) => check.allow !== undefined)
    .map(() =>
      remark(
        ['spec', 'match', 'images'],
        '`registries.allow` does not fence here: an image outside `images` is not judged by it; leave `images` out, ' +
          'or cover the rest with another policy',
      ),
    );
};

/** R12: such a selector is left by adding a label. */
const selectorIsLeftByLabel: Rule = (policy) =>
  (policy.spec.match.namespaceSelector.matchExpressions ?? []).flatMap(({ key, operator }, index) => {
    if (operator !== 'NotIn' && operator !== 'DoesNotExist') return [];
    return [
      remark(
        ['spec', 'match', 'namespaceSelector', 'matchExpressions', index],
        `${operator} covers namespaces without the label ${key}, and whoever may label a namespace can take it out of ` +
          'this policy; prefer `namespaces.exclude` with exact names',
      ),
    ];
  });

const objectSelectorDoesNotFence: Rule = (policy) => {
  const { matchLabels = {}, matchExpressions = [] } = policy.spec.match.objectSelector;
  if (Object.keys(matchLabels).length === 0 && matchExpressions.length === 0) return [];
  return [
    remark(
      ['spec', 'match', 'objectSelector'],
      '`objectSelector` fences nobody in: whoever creates the workload chooses its labels; select namespaces instead',
    ),
  ];
};

const coversNoNamespace: Rule = (policy) => {
  const { include, exclude } = policy.spec.match.namespaces;
  const path = ['spec', 'match', 'namespaces'];
  if (include.length === 0)
    return [remark([...path, 'include'], '`include` is empty: the policy covers no namespace')];
  const hidden = include.map((glob) => exclude.some((outer) => coversGlob(outer, glob)));
  if (hidden.every(Boolean)) {
    return [
      remark(
        [...path, 'exclude'],
        '`exclude` hides everything that `include` names: the policy covers no namespace',
      ),
    ];
  }
  return include.flatMap((glob, index) =>
    hidden[index] === true
      ? [remark([...path, 'include', index], `${glob} is excluded again by \`exclude\`, which wins`)]
      : [],
  );
};

const excludesByGlob: Rule = (policy) =>
  policy.spec.match.namespaces.exclude.flatMap((glob, index) => {
    if (glob === '*' || !glob.includes('*') || !coversGlob(glob, 'kube-system')) return [];
    return [
      remark(
        ['spec', 'match', 'namespaces', 'exclude', index],
        `${glob} excludes kube-system and every other namespace that somebody names like it; write the names out`,
      ),
    ];
  });

const allowsNothing: Rule = (policy) =>
  registriesOf(policy).flatMap(({ index, check }) => {
    const path = ['spec', 'checks', index, 'registries'];
    if (check.allow?.length === 0 && check.platform.length === 0) {
      return [remark([...path, 'allow'], '`allow` and `platform` are empty: no image at all is allowed')];
    }
    const denied = compiledPatterns(check.deny, 'deny');
    return (['allow', 'platform'] as const).flatMap((use) =>
      compiledPatterns(check[use] ?? [], use).flatMap((pattern, entry) => {
        const outer = denied.find((deny) => deny.registry !== undefined && coversPattern(deny, pattern));
        if (outer === undefined) return [];
        const message = `${pattern.text} allows nothing: \`deny\` holds ${outer.text}, and deny wins`;
        return [remark([...path, use, entry], message)];
      }),
    );
  });

const deniesEveryTag: Rule = (policy) =>
  policy.spec.checks.flatMap((check, index) => {
    const entry = 'tags' in check ? check.tags.deny.indexOf('*') : -1;
    if (entry < 0) return [];
    return [
      remark(
        ['spec', 'checks', index, 'tags', 'deny', entry],
        'no image with a tag passes: * refuses every tag, also beside a digest; `digest: { require: true }` is what makes an image immutable',
      ),
    ];
  });

const rules: readonly Rule[] = [
  patternsLookNarrower,
  allowDoesNotFence,
  selectorIsLeftByLabel,
  objectSelectorDoesNotFence,
  coversNoNamespace,
  excludesByGlob,
  allowsNothing,
  deniesEveryTag,
  ...evidenceRules,
  ...signatureRules,
];

const sameContent = (policies: readonly ImagePolicy[]): readonly LintRemark[] => {
  const first = new Map<string, string>();
  return policies.flatMap(({ metadata: { name }, spec }) => {
    const content = JSON.stringify(spec);
    const other = first.get(content);
    if (other === undefined) {
      first.set(content, name);
      return [];
    }
    const message = `says the same as policy ${JSON.stringify(other)}; one of them can go`;
    return [{ policy: name, path: ['spec'], severity: 'warning' as const, message }];
  });
};

/** Remarks about what is legal in these policies and probably not meant. @param now - milliseconds since 1970 */
export const lintPolicies = (policies: readonly ImagePolicy[], now: number): readonly LintRemark[] => [
  ...policies.flatMap((policy) =>
    [...rules.flatMap((rule) => rule(policy)), ...vulnerabilityRemarks(policy, now)].map(
      ({ path, message }) => ({
        policy: policy.metadata.name,
        path,
        severity: 'warning' as const,
        message,
      }),
    ),
  ),
  ...conflictsOf(policies).map(({ policy, path, message }) => ({
    policy,
    path,
    severity: 'warning' as const,
    message,
  })),
  ...sameContent(policies),
];
