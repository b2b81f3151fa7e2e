import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { clientOf } from '../../../test/fakes/api-server/api-server-client.ts';
import { startApiServer, type FakeApiServer } from '../../../test/fakes/api-server/api-server.ts';
import { signingKey } from '../../../test/fakes/claims.ts';
import { fakeGate, requestFor } from '../../../test/fakes/gate.ts';
import { fakeTelemetry } from '../../../test/fakes/telemetry.ts';
import type { ApiClient } from '../../adapters/kubernetes/client/client.ts';
import { createCompileExpression } from '../compile-expression.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle.ts';
import { openClusterPolicies } from './cluster.ts';
import { soon } from '../../../test/soon.ts';

let api: FakeApiServer;
let client: ApiClient;
let lifecycle: Lifecycle;
beforeEach(async () => {
  api = await startApiServer();
  client = clientOf(api);
  lifecycle = createLifecycle();
});
afterEach(async () => {
  await lifecycle.closeAll();
  client.close();
  await api.close();
});

const compileExpression = createCompileExpression(new URL('../expressions.ts', import.meta.url));
const { pem } = signingKey();
const attested = (expression: string) => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'ImagePolicy',
  metadata: { name: 'attested' },
  spec: {
    checks: [
      {
        attestation: {
          predicateType: 'slsaprovenance1',
          authorities: [{ name: 'builder', key: { pem } }],
          expression,
        },
      },
    ],
  },
});
const good = 'predicate.level > 2';
const broken = 'predicate.level >';
const path = 'spec.checks[0].attestation.expression';

test('R5, R9: a policy is refused on its way in when its expression does not compile', async () => {
  const gate = fakeGate({ compileExpression });
  expect(await gate.admit(requestFor(attested(good), { namespace: '' }))).toMatchObject({ allowed: true });
  expect(await gate.admit(requestFor(attested(broken), { namespace: '' }))).toMatchObject({
    allowed: false,
    findings: [
      {
        code: 'policy-invalid',
        path,
        message: expect.stringContaining('cannot be compiled: <input>:1:17: '),
      },
    ],
  });
});

test('R8: one that is stored already is not accepted, and denies', async () => {
  api.put('imagepolicies', attested(broken));
  const policies = openClusterPolicies(
    client,
    { compileExpression, isHolder: () => true },
    fakeTelemetry().telemetry,
    lifecycle,
  );
  const condition = () =>
    (api.get('imagepolicies', 'attested')?.['status'] as { conditions?: object[] } | undefined)
      ?.conditions?.[0];
  await vi.waitFor(
    () =>
      expect(condition()).toMatchObject({
        type: 'Accepted',
        status: 'False',
        message: expect.stringContaining(path),
      }),
    soon,
  );
  expect(policies.part()).toMatchObject({
    state: 'trouble',
    detail: expect.stringContaining('<input>:1:17'),
  });
  api.put('imagepolicies', attested(good));
  await vi.waitFor(() => expect(condition()).toMatchObject({ status: 'True' }), soon);
});

test('a cluster without policies is told of when no constraint judges either, and not before that is known', async () => {
  let hasConstraints: boolean | undefined;
  const { telemetry, messages } = fakeTelemetry();
  const isTold = (): boolean => messages.some((message) => message.includes('holds no ImagePolicy'));
  const policies = openClusterPolicies(
    client,
    { compileExpression, isHolder: () => true, hasConstraints: () => hasConstraints },
    telemetry,
    lifecycle,
  );
  await vi.waitFor(() => expect(policies.source.current().state).toBe('loaded'), soon);
  expect(isTold()).toBe(false);
  hasConstraints = true;
  policies.constraintsListed();
  expect(isTold()).toBe(false);
  hasConstraints = false;
  policies.constraintsListed();
  expect(isTold()).toBe(true);
});
