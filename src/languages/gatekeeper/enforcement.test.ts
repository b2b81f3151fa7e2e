import { expect, test } from 'vitest';
import { actionsAt, enforcementProblems, type Enforcement, type EnforcementPoint } from './enforcement.ts';

const webhook = 'validation.gatekeeper.sh';
const scoped = (...rows: readonly (readonly [string, ...string[]])[]): Enforcement => ({
  enforcementAction: 'scoped',
  scopedEnforcementActions: rows.map(([action, ...points]) => ({
    action,
    enforcementPoints: points.map((name) => ({ name })),
  })),
});

test.each<readonly [string, Enforcement, EnforcementPoint, readonly string[]]>([
  ['nothing said denies', {}, webhook, ['deny']],
  ['an empty action denies', { enforcementAction: '' }, webhook, ['deny']],
  ['warn', { enforcementAction: 'warn' }, webhook, ['warn']],
  ['dryrun', { enforcementAction: 'dryrun' }, 'audit.gatekeeper.sh', ['dryrun']],
  ['an unknown action denies', { enforcementAction: 'denny' }, webhook, ['deny']],
  ['scoped to the webhook', scoped(['warn', webhook]), webhook, ['warn']],
  ['scoped to elsewhere is not asked', scoped(['deny', 'audit.gatekeeper.sh']), webhook, []],
  ['scoped to everywhere', scoped(['deny', '*']), 'gator.gatekeeper.sh', ['deny']],
  ['the webhook stands in for vap.k8s.io', scoped(['deny', 'vap.k8s.io']), webhook, ['deny']],
  ['nobody else does', scoped(['deny', 'vap.k8s.io']), 'gator.gatekeeper.sh', []],
  [
    'several actions, the strictest first',
    scoped(['dryrun', '*'], ['deny', webhook]),
    webhook,
    ['deny', 'dryrun'],
  ],
  ['an unknown scoped action denies', scoped(['block', webhook]), webhook, ['deny']],
  ['letters in another case', scoped(['Warn', 'Validation.Gatekeeper.sh']), webhook, ['warn']],
  [
    'scoped actions count only when the action is `scoped`',
    { ...scoped(['warn', '*']), enforcementAction: 'dryrun' },
    webhook,
    ['dryrun'],
  ],
  ['scoped without any action is asked nowhere', { enforcementAction: 'scoped' }, webhook, []],
])('%s', (_title, enforcement, point, wanted) => {
  expect(actionsAt(enforcement, point)).toEqual(wanted);
});

const problems = (enforcement: Enforcement): readonly string[] =>
  enforcementProblems(enforcement).map(
    ({ path, message, suggestion }) =>
      `${path.join('.')}: ${message}${suggestion === undefined ? '' : `; ${suggestion}?`}`,
  );
const points = 'expected *, validation.gatekeeper.sh, vap.k8s.io, audit.gatekeeper.sh, gator.gatekeeper.sh';

test.each<readonly [string, Enforcement, readonly string[]]>([
  ['nothing said', {}, []],
  ['an action', { enforcementAction: 'warn' }, []],
  [
    'a misspelt action',
    { enforcementAction: 'denny' },
    ['spec.enforcementAction: "denny" is no action; expected deny, warn or dryrun; deny?'],
  ],
  ['scoped actions', scoped(['warn', '*'], ['deny', webhook, 'audit.gatekeeper.sh']), []],
  [
    'an unknown scoped action',
    scoped(['deny', '*'], ['block', '*']),
    ['spec.scopedEnforcementActions.1.action: "block" is no action; expected deny, warn or dryrun'],
  ],
  [
    'a point that nobody asks at',
    scoped(['deny', 'validate.gatekeeper.sh']),
    [
      `spec.scopedEnforcementActions.0.enforcementPoints.0.name: "validate.gatekeeper.sh" is no enforcement point; ${points}; validation.gatekeeper.sh?`,
    ],
  ],
  [
    'no point',
    scoped(['deny']),
    ['spec.scopedEnforcementActions.0.enforcementPoints: names no point, so the action counts nowhere'],
  ],
  [
    'scoped, and nothing behind it',
    { enforcementAction: 'scoped' },
    [
      'spec.scopedEnforcementActions: holds no action, so the constraint is asked nowhere; `scoped` needs some',
    ],
  ],
  ['scoped actions that do not count', { ...scoped(['block']), enforcementAction: 'deny' }, []],
])('what Gatekeeper refuses is said: %s', (_title, enforcement, wanted) => {
  expect(problems(enforcement)).toEqual(wanted);
});
