import { expect, test } from 'vitest';
import { actionsAt, unknownActions, type Enforcement, type EnforcementPoint } from './enforcement.ts';

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

test('unknown actions are named', () => {
  expect(unknownActions({ enforcementAction: 'denny' })).toEqual(['denny']);
  expect(unknownActions(scoped(['block', '*'], ['deny', '*']))).toEqual(['block']);
  expect(unknownActions({})).toEqual([]);
});
