import { expect, test } from 'vitest';
import { webhookConfiguration } from '../../src/install/webhook-configuration.ts';
import { webhookNames } from '../../src/install/webhook-target.ts';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import { fakeGate, requestFor } from '../fakes/gate.ts';

const namespace = (labels: Record<string, string>): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', labels },
});
const gate = fakeGate({
  policies: {
    fence: {
      match: { namespaceSelector: { matchLabels: { env: 'prod' } } },
      checks: [{ registries: { allow: ['registry.example.com/**'] } }],
    },
  },
});

// Both subresources take the labels that come with them (tried on a real API server, 1.36).
test.each(['status', 'finalize'])(
  'a label change through namespaces/%s is asked about (R12)',
  (subresource) => {
    const { webhooks = [] } = webhookConfiguration({
      target: { url: 'https://gate:8443' },
      caBundle: '',
      workloads: [],
      bootstrapNamespaces: [],
    });
    const guard = webhooks.find(({ name }) => name === webhookNames.namespaces);
    expect(guard?.rules?.flatMap(({ resources }) => resources)).toContain(`namespaces/${subresource}`);
  },
);

test.each(['', 'status', 'finalize'])(
  'leaving a Deny policy through "namespaces/%s" is refused (R12)',
  async (subResource) => {
    const request = requestFor(namespace({}), {
      name: 'shop',
      namespace: 'shop',
      operation: 'UPDATE',
      subResource,
      oldObject: namespace({ env: 'prod' }),
    });
    expect(await gate.admit(request)).toMatchObject({
      allowed: false,
      findings: [{ code: 'namespace-escape' }],
    });
  },
);
