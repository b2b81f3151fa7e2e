import { randomInt } from 'node:crypto';
import type { WebhookHandlers } from '../adapters/webhook/handlers.ts';
import { replicaFromHost } from '../config/load.ts';
import type { Config } from '../config/resolve.ts';
import { version } from '../config/version.ts';
import { createWorkloadTable } from '../core/workload/kinds.ts';
import { createAdmit } from '../gate/admit.ts';
import { createDecisionForm, gateFinding, unknownObject } from '../gate/decision-form.ts';
import { createDecisionIds } from '../gate/decision-ids.ts';
import type { NamespaceReader, PolicySource } from '../gate/ports.ts';
import { createPublish } from '../gate/publish.ts';
import type { DecisionSink } from '../gate/publish.ts';
import { createReview } from '../gate/review.ts';
import { createReviewImages } from '../gate/review-images.ts';
import { clock } from './telemetry.ts';
import type { Watchers } from './telemetry.ts';

/** The use cases behind the webhook's doors. */
export const createHandlers = (
  config: Config,
  parts: {
    readonly source: PolicySource;
    readonly namespaces: NamespaceReader;
    readonly sinks: readonly DecisionSink[];
  },
  { log, metrics }: Watchers,
): WebhookHandlers => {
  const replica = config.replica.value ?? replicaFromHost();
  const form = createDecisionForm({
    clock,
    ids: createDecisionIds(replica, clock, randomInt(32 ** 3)),
    version,
  });
  const onBug = (error: unknown): void => {
    metrics.count('bugs');
    log.error('an unexpected error became a deny: this is a defect of the gate', {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  };
  const review = createReview({
    policies: parts.source,
    namespaces: parts.namespaces,
    form,
    unmatched: config.unmatched.value,
    onUnsure: (unsure) => {
      if (unsure.weakened) metrics.count('overrides');
      log.warn('policies were applied though the labels of the namespace are not known', { ...unsure });
    },
  });
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
  return {
    validate: admit,
    imageReview: createReviewImages({ review, form, clock, onBug }),
    refused: ({ code, message, remedy, uid, caller }) =>
      form(
        { source: 'admission', caller, object: unknownObject, ...(uid === undefined ? {} : { uid }) },
        { findings: [gateFinding(code, message, { remedy })] },
        clock.monotonic(),
      ),
    answered: createPublish(parts.sinks, onBug),
  };
};
