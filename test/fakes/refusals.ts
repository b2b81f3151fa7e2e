import type { Decision } from '../../src/core/decision/decision.ts';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import type { FakeObject } from './api-server/api-server.ts';

/** Why the Pod was refused. */
export const finding = {
  policy: 'production',
  check: 'registries',
  mode: 'Deny',
  path: 'spec.containers[0].image',
  code: 'registry-not-allowed',
  message: 'image evil.io/x is not from a trusted registry',
  remedy: 'Use registry.example.com.',
} as const;
/** The refusal of a Pod in `shop`. */
export const refusal = (more: Partial<Decision> = {}): Decision => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'Decision',
  id: 'imagegate-0-1',
  time: '2026-01-01T00:00:00.000Z',
  source: 'admission',
  operation: 'CREATE',
  object: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web-1' },
  images: [],
  findings: [finding],
  allowed: false,
  warnings: [],
  exemptions: [],
  versions: {},
  durations: {},
  ...more,
});
/** A Pod with an owner that is not its controller, and with one that is. */
export const ownedBy = (owner: FakeObject | undefined, more: object = {}): JsonObject => ({
  metadata: {
    name: 'web-1',
    uid: 'pod-uid',
    ...more,
    ...(owner === undefined
      ? {}
      : {
          ownerReferences: [
            { apiVersion: 'v1', kind: 'Other', name: 'other', uid: 'x' },
            {
              apiVersion: owner.apiVersion,
              kind: owner.kind,
              name: owner.metadata.name,
              uid: owner.metadata.uid,
              controller: true,
            },
          ],
        }),
  },
});
export const reference = (owner: FakeObject) =>
  (ownedBy(owner)['metadata'] as JsonObject)['ownerReferences'] as unknown as object[];
