import type { JsonObject } from '../../../core/text/json/json.ts';
import { doorConfigurations } from '../../../install/doors/door-configuration.ts';
import type { DoorPlan } from '../../../install/doors/door-rules.ts';
import { objectNames } from '../../../install/manifest.ts';
import { servicePort } from '../../../install/service.ts';
import { clientConfig, type WebhookDoor } from '../../../install/webhook-target.ts';
import type { DoorConfigurations } from './door-writer.ts';
import { trustedUrl, type ExpectedOptions } from './expected.ts';

/**
 * The webhook configurations of constraints (R13), without a `caBundle`. Outside of a cluster the URL of the gate is read
 * from `found`, where it stands before `door`.
 */
export const expectedDoors =
  (options: ExpectedOptions) =>
  (plan: DoorPlan, found: JsonObject | undefined, door: WebhookDoor): DoorConfigurations => {
    const { bootstrapNamespaces, webhookName, namespace } = options;
    const certificate = options.certificate();
    const target =
      namespace === undefined
        ? { url: trustedUrl(found, { name: webhookName, door }, certificate) ?? options.ownUrl }
        : { service: { name: objectNames.gate, namespace, port: servicePort } };
    return doorConfigurations(plan, {
      webhookName,
      bootstrapNamespaces,
      ownNamespace: namespace,
      clientConfig: clientConfig({ target, caBundle: '' }, '/constraints'),
    }) as unknown as DoorConfigurations;
  };
