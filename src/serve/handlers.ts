import { randomInt } from 'node:crypto';
import type { WebhookHandlers } from '../adapters/webhook/handlers.ts';
import type { Config } from '../config/resolve.ts';
import { version } from '../config/version.ts';
import type { Decision } from '../core/decision/decision.ts';
import type { JsonObject } from '../core/json.ts';
import { createWorkloadTable } from '../core/workload/kinds.ts';
import { createAdmit } from '../gate/admit.ts';
import { createDecisionForm, gateFinding, unknownObject } from '../gate/decision-form.ts';
import type { DecisionForm } from '../gate/decision-form.ts';
import { createDecisionIds } from '../gate/decision-ids.ts';
import { unchangedObject } from '../gate/mutation.ts';
import type { NamespaceReader, PolicySource } from '../gate/ports.ts';
import { createPublish } from '../gate/publish.ts';
import type { DecisionSink } from '../gate/publish.ts';
import { createReview } from '../gate/review.ts';
import { createReviewImages } from '../gate/review-images.ts';
import { clock } from './telemetry.ts';
import type { Watchers } from './telemetry.ts';

export interface HandlerParts {
  readonly replica: string;
  readonly source: PolicySource;
  readonly namespaces: NamespaceReader;
  readonly sinks: readonly DecisionSink[];
  /** Told of decisions with findings together with their object, after the answer. */
  readonly tell?: (decision: Decision, object: JsonObject | null) => void;
}

/** The shared road, with everything that an operator has to hear of it. */
const openReview = (config: Config, parts: HandlerParts, form: DecisionForm, { log, metrics }: Watchers) =>
  createReview({
    policies: parts.source,
    namespaces: parts.namespaces,
    form,
    clock,
    unmatched: config.unmatched.value,
    onUnsure: (unsure) => {
      if (unsure.weakened) metrics.count('overrides');
      log.warn('policies were applied though the labels of the namespace are not known', { ...unsure });
    },
    onUninformed: (uninformed) => {
      if (uninformed.weakened) metrics.count('overrides');
      log.warn('images were judged without the evidence that policies ask for', { ...uninformed });
    },
  });

/** The use cases behind the webhook's doors. */
export const createHandlers = (
  config: Config,
  parts: HandlerParts,
  { log, metrics }: Watchers,
): WebhookHandlers => {
  const form = createDecisionForm({
    clock,
    ids: createDecisionIds(parts.replica, clock, randomInt(32 ** 3)),
    version,
  });
  const onBug = (error: unknown): void => {
    metrics.count('bugs');
    log.error('an unexpected error became a deny: this is a defect of the gate', {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  };
  const review = openReview(config, parts, form, { log, metrics });
  const admit = createAdmit({
    review,
    form,
    policies: parts.source,
    workloads: createWorkloadTable(config.workloads.value),
    clock,
    unknownKinds: config.unknownKinds.value,
    admins: new Set(config.admins.value),
    onBug,
  });
  const publish = createPublish(parts.sinks, onBug);
  // An Event needs the owner of the object, which no record holds; the object is kept until the answer is out.
  const objects = new WeakMap<Decision, JsonObject | null>();
  return {
    validate:
      parts.tell === undefined
        ? admit
        : async (request, deadline) => {
            const decision = await admit(request, deadline);
            if (decision.findings.length > 0) objects.set(decision, request.object);
            return decision;
          },
    mutate: () => unchangedObject,
    imageReview: createReviewImages({ review, form, clock, onBug }),
    refused: ({ code, message, remedy, uid, caller }) =>
      form(
        { source: 'admission', caller, object: unknownObject, ...(uid === undefined ? {} : { uid }) },
        { findings: [gateFinding(code, message, { remedy })] },
        clock.monotonic(),
      ),
    answered: (decision) => {
      publish(decision);
      if (objects.has(decision)) parts.tell?.(decision, objects.get(decision) ?? null);
    },
  };
};
