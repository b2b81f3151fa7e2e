import type { ConstraintMatch } from '../constraint-match.ts';
import { actionsAt, type Enforcement } from '../enforcement.ts';

/** What a constraint asks a webhook to be asked about. */
export interface ConstraintDemand {
  /** Empty: everything. An empty list in a row stands for all. */
  readonly rows: readonly { readonly apiGroups: readonly string[]; readonly kinds: readonly string[] }[];
  readonly isDenying: boolean;
  /** Of its template; empty: all. */
  readonly operations: readonly string[];
}

interface Demanding {
  readonly match: Pick<ConstraintMatch, 'kinds'> | undefined;
  readonly enforcement: Enforcement;
  /** Absent: no revision of it can be used, and what it matches is refused. */
  readonly template?: { readonly operations: readonly string[] };
}

/** `undefined`: webhooks do not ask the constraint at all. */
export const demandOf = ({ match, enforcement, template }: Demanding): ConstraintDemand | undefined => {
  const actions = actionsAt(enforcement, 'validation.gatekeeper.sh');
  if (actions.length === 0) return undefined;
  return {
    rows: (match?.kinds ?? []).map(({ apiGroups = [], kinds = [] }) => ({ apiGroups, kinds })),
    isDenying: actions.includes('deny'),
    operations: template?.operations ?? [],
  };
};
