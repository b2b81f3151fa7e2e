import { z } from 'zod';

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

/** Actions that no version of Gatekeeper knows, as they are written. */
export const unknownActions = (enforcement: Enforcement): readonly string[] =>
  scopedActions(enforcement)
    .map(({ action }) => action)
    .filter((action) => !isAction(action));
