import {
  constraintTemplatesResource,
  constraintsResource,
} from '../../adapters/kubernetes/client/resource.ts';
import type { WantedCrd } from '../../adapters/kubernetes/gatekeeper/constraint-crds.ts';
import type { WantedStatus } from '../../adapters/kubernetes/gatekeeper/constraint-status.ts';
import { describePolicyProblem } from '../../core/policy/load/problem-path.ts';
import { shownBriefly } from '../../core/text/shown-text.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { metadataOf } from '../../core/workload/object-metadata.ts';
import type { TemplateProblem } from '../../languages/gatekeeper/constraint-template.ts';
import { constraintCrd } from '../../languages/gatekeeper/crd.ts';
import type { ConstraintStore, StoredConstraint } from '../../languages/gatekeeper/set/constraint-store.ts';
import type { TemplateRevision } from '../../languages/gatekeeper/set/revisions.ts';
import type { ConstraintReach, ConstraintDoors } from './constraint-doors.ts';

const id = 'imagegate';
/** What this gate does for templates and constraints, in Gatekeeper's words. */
const operations: readonly string[] = ['generate', 'status', 'webhook'];
/** A text of an error; objects of the cluster are bounded. */
const maxMessage = 4096;

const ownerOf = (template: JsonObject): JsonObject => {
  const { name, uid } = metadataOf(template);
  return {
    apiVersion: 'templates.gatekeeper.sh/v1beta1',
    kind: 'ConstraintTemplate',
    name: name ?? '',
    uid: uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
};

/** The CRD of a template whose newest revision is in force; that of a broken one stays as it is. */
export const wantedCrds = (templates: readonly TemplateRevision[]): readonly WantedCrd[] =>
  templates
    .filter(({ problems }) => problems.length === 0)
    .map(({ kind, object }) => {
      const crd = constraintCrd(object);
      const metadata = { ...metadataOf(crd), ownerReferences: [ownerOf(object)] };
      return { kind, object: { ...crd, metadata } };
    });

const errorOf = (code: string, message: string, location?: string): JsonObject => ({
  code,
  message: shownBriefly(message, maxMessage),
  ...(location === undefined ? {} : { location }),
});

const withErrors = (errors: readonly JsonObject[]): { readonly errors?: readonly JsonObject[] } =>
  errors.length === 0 ? {} : { errors };

const templateError = (problem: TemplateProblem): JsonObject => {
  const { line, column } = problem;
  const location = line === undefined ? undefined : `${line}:${column ?? 1}`;
  return errorOf('ingest_error', `Could not ingest Rego: ${describePolicyProblem(problem)}`, location);
};

const statusOfTemplate = ({ object, problems, inForce }: TemplateRevision): WantedStatus => {
  const { uid, generation } = metadataOf(object);
  const entry = {
    id,
    templateUID: uid ?? '',
    observedGeneration: generation ?? 0,
    operations,
    ...withErrors(problems.map(templateError)),
  };
  return {
    resource: constraintTemplatesResource,
    object,
    status: { created: inForce !== undefined, byPod: [entry] },
  };
};

const statusOfConstraint = (one: StoredConstraint, { isAsked, problem }: ConstraintReach): WantedStatus => {
  const { kind, object, problems, inForce, isSilent } = one;
  const { uid, generation } = metadataOf(object);
  const isUsable = 'template' in inForce;
  const errors = [
    ...problems.map((wrong) => errorOf('invalid', describePolicyProblem(wrong))),
    ...('why' in inForce && problems.length === 0 ? [errorOf('unusable', inForce.why)] : []),
    ...(problem === undefined ? [] : [errorOf('not_asked', problem)]),
    // Without their number: each replica counts its own, and a status that changes all the time wears out etcd.
    ...(isSilent
      ? [
          errorOf(
            'violation_without_msg',
            'a violation had no msg: it is no result, and nothing was refused for it',
          ),
        ]
      : []),
  ];
  const entry = {
    id,
    constraintUID: uid ?? '',
    enforced: isUsable && isAsked,
    observedGeneration: generation ?? 0,
    operations,
    ...withErrors(errors),
  };
  return {
    resource: constraintsResource(kind.toLowerCase()),
    object,
    status: { byPod: [entry] },
  };
};

/**
 * Statuses of all templates and constraints, in the shape of Gatekeeper and without a time in them. A constraint of which
 * nobody knows yet whether it is asked waits for its own.
 */
export const wantedStatuses = (
  store: Pick<ConstraintStore, 'templates' | 'constraints'>,
  askedOf: ConstraintDoors['asked'],
): readonly WantedStatus[] => [
  ...store.templates().map(statusOfTemplate),
  ...store.constraints().flatMap((one) => {
    const asked = askedOf(one.inForce);
    return asked === undefined ? [] : [statusOfConstraint(one, asked)];
  }),
];
