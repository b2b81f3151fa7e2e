import * as z from 'zod';
import type { PolicyProblem } from '../../core/policy/load/schema-problem.ts';
import { suggest } from '../../core/policy/load/suggestion.ts';

/** Where a constraint is asked. */
export type EnforcementPoint = 'validation.gatekeeper.sh' | 'audit.gatekeeper.sh' | 'gator.gatekeeper.sh';

const actions = ['deny', 'warn', 'dryrun'] as const;
export type EnforcementAction = (typeof actions)[number];

export const enforcementFields = {
  enforcementAction: z.string().exactOptional(),
  scopedEnforcementActions: z
    .array(
      z.strictObject({
        action: z.string(),
        enforcementPoints: z.array(z.strictObject({ name: z.string() })),
      }),
    )
    .max(16)
    .exactOptional(),
};
const enforcement = z.object(enforcementFields);
export type Enforcement = z.output<typeof enforcement>;

const isAction = (text: string): text is EnforcementAction => (actions as readonly string[]).includes(text);

/** Somebody who wrote `denny` meant to forbid something: Gatekeeper leaves such a constraint out, here it denies. */
const actionOf = (text: string): EnforcementAction => (isAction(text) ? text : 'deny');

interface ScopedAction {
  readonly action: string;
  readonly points: readonly string[];
}

/** The actions of a constraint, each with the points of enforcement at which it counts. */
const scopedActions = ({
  enforcementAction,
  scopedEnforcementActions,
}: Enforcement): readonly ScopedAction[] => {
  const action = enforcementAction === undefined || enforcementAction === '' ? 'deny' : enforcementAction;
  if (action !== 'scoped') return [{ action, points: ['*'] }];
  return (scopedEnforcementActions ?? []).map(({ action: scoped, enforcementPoints }) => ({
    action: scoped.toLowerCase(),
    points: enforcementPoints.map(({ name }) => name.toLowerCase()),
  }));
};

/** A ValidatingAdmissionPolicy judges what the webhook judges, and nothing here makes one: the webhook stands in for it. */
const standsFor: Readonly<Record<EnforcementPoint, readonly string[]>> = {
  'validation.gatekeeper.sh': ['*', 'validation.gatekeeper.sh', 'vap.k8s.io'],
  'audit.gatekeeper.sh': ['*', 'audit.gatekeeper.sh'],
  'gator.gatekeeper.sh': ['*', 'gator.gatekeeper.sh'],
};

type Actions = readonly EnforcementAction[];

const actionsOf = (enforcement: Enforcement, point: EnforcementPoint): Actions => {
  const found = new Set(
    scopedActions(enforcement)
      .filter(({ points }) => points.some((name) => standsFor[point].includes(name)))
      .map(({ action }) => actionOf(action)),
  );
  return actions.filter((action) => found.has(action));
};

/** Hundreds of constraints are asked about each review. */
const known = new WeakMap<Enforcement, Map<EnforcementPoint, Actions>>();

/** What a violation leads to at a point, the strictest first; none: the constraint is not asked there. */
export const actionsAt = (enforcement: Enforcement, point: EnforcementPoint): Actions => {
  const points = known.get(enforcement) ?? new Map<EnforcementPoint, Actions>();
  const there = points.get(point);
  if (there !== undefined) return there;
  const actions = actionsOf(enforcement, point);
  known.set(enforcement, points.set(point, actions));
  return actions;
};

const knownPoints: readonly string[] = [...new Set(Object.values(standsFor).flat())];

const actionProblem = (action: string, path: PolicyProblem['path']): readonly PolicyProblem[] => {
  const suggestion = suggest(action, actions);
  if (isAction(action)) return [];
  const message = `${JSON.stringify(action)} is no action; expected deny, warn or dryrun`;
  return [{ path, message, ...(suggestion === undefined ? {} : { suggestion }) }];
};

const pointProblems = (points: readonly string[], path: PolicyProblem['path']): readonly PolicyProblem[] => {
  if (points.length === 0) return [{ path, message: 'names no point, so the action counts nowhere' }];
  return points.flatMap((point, at): readonly PolicyProblem[] => {
    if (knownPoints.includes(point)) return [];
    const suggestion = suggest(point, knownPoints);
    const message = `${JSON.stringify(point)} is no enforcement point; expected ${knownPoints.join(', ')}`;
    return [{ path: [...path, at, 'name'], message, ...(suggestion === undefined ? {} : { suggestion }) }];
  });
};

/**
 * What Gatekeeper refuses of the actions of a constraint, and scoped ones of which there are none: somebody who wrote
 * `denny`, or a point that nobody asks at, sees the mistake before anything is judged by it.
 */
export const enforcementProblems = (enforcement: Enforcement): readonly PolicyProblem[] => {
  const path = ['spec', 'scopedEnforcementActions'];
  const scoped = scopedActions(enforcement);
  if (enforcement.enforcementAction !== 'scoped')
    return scoped.flatMap(({ action }) => actionProblem(action, ['spec', 'enforcementAction']));
  if (scoped.length === 0)
    return [{ path, message: 'holds no action, so the constraint is asked nowhere; `scoped` needs some' }];
  return scoped.flatMap(({ action, points }, at) => [
    ...actionProblem(action, [...path, at, 'action']),
    ...pointProblems(points, [...path, at, 'enforcementPoints']),
  ]);
};
