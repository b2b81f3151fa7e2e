import type { Fact } from '../../src/core/facts/fact.ts';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import {
  createConstraintStore,
  type ConstraintStore,
} from '../../src/languages/gatekeeper/set/constraint-store.ts';
import type { EvaluationThreads } from '../../src/gate/constraints.ts';
import type { ConstraintDeps } from '../../src/gate/review/judge-constraints.ts';
import { constraintsDigest } from '../../src/serve/constraint-files.ts';

/** A template whose rules are written in Rego. */
export const template = (kind: string, rego: string, more: JsonObject = {}): JsonObject => ({
  apiVersion: 'templates.gatekeeper.sh/v1beta1',
  kind: 'ConstraintTemplate',
  metadata: { name: kind.toLowerCase(), uid: kind },
  spec: {
    crd: { spec: { names: { kind } } },
    targets: [{ target: 'admission.k8s.gatekeeper.sh', rego: `package a\n${rego}`, ...more }],
  },
});

export const constraint = (kind: string, name: string, spec?: JsonObject): JsonObject => ({
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind,
  metadata: { name, uid: `${kind} ${name}` },
  ...(spec === undefined ? {} : { spec }),
});

export const storeOf = (
  templates: readonly JsonObject[],
  constraints: readonly JsonObject[],
  excluded: readonly string[] = [],
): ConstraintStore => {
  const store = createConstraintStore({ hasInventory: false });
  store.replaceTemplates(templates);
  for (const object of constraints) store.putConstraint(object['kind'] as string, object);
  store.exclude(excluded);
  return store;
};

/** The constraints of a store, as the gate asks them. */
export const constraintsOf = (
  store: ConstraintStore,
  more: {
    readonly isShadow?: boolean;
    readonly namespace?: Fact<JsonObject>;
    readonly threads?: EvaluationThreads;
  } = {},
): ConstraintDeps => {
  const set = store.set(constraintsDigest);
  return {
    source: { current: () => ({ state: 'loaded', set }) },
    namespaces: { object: () => more.namespace ?? { state: 'absent' } },
    isShadow: more.isShadow ?? false,
    ...(more.threads && { threads: more.threads }),
  };
};
