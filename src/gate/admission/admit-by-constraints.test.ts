import { describe, expect, test } from 'vitest';
import { constraint, constraintsOf, storeOf, template } from '../../../test/fakes/constraints.ts';
import { fakeGate, pod, requestFor } from '../../../test/fakes/gate.ts';
import type { Operation } from '../../core/decision/decision.ts';
import type { AdmissionRequest } from '../admission-request.ts';

const rego = `
violation[{"msg": msg}] {
  input.review.object.metadata.labels.bad
  msg := sprintf("%v %v", [input.review.operation, object.get(input.review, "subResource", "")])
}`;
const store = storeOf([template('NoBad', rego)], [constraint('NoBad', 'a')]);
const object = (kind: string, bad: boolean) => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'web', labels: bad ? { bad: 'yes' } : {} },
});
const refusals = async (request: AdmissionRequest): Promise<readonly string[]> =>
  (await fakeGate({ constraints: constraintsOf(store) }).admitByConstraints(request)).findings.map(
    ({ message }) => message,
  );

describe('judging by constraints alone', () => {
  test.each<[string, Operation, string, Partial<AdmissionRequest>]>([
    ['a kind without a pod spec', 'CREATE', '', {}],
    ['a label alone', 'UPDATE', '', { oldObject: object('Service', false) }],
    ['a subresource', 'UPDATE', 'status', { subResource: 'status', oldObject: object('Service', false) }],
  ])('speaks of %s', async (_title, operation, subResource, more) => {
    const said = await refusals(requestFor(object('Service', true), { operation, ...more }));
    expect(said).toEqual([`${operation} ${subResource}`]);
    expect(
      await refusals(
        requestFor(object('Service', false), { operation, ...more, oldObject: object('Service', false) }),
      ),
    ).toEqual([]);
  });

  test('of a deletion, looks at the object that goes', async () => {
    const of = (bad: boolean) =>
      refusals(requestFor(null, { operation: 'DELETE', oldObject: object('ConfigMap', bad) }));
    expect(await of(true)).toEqual(['DELETE ']);
    expect(await of(false)).toEqual([]);
  });

  test('of a connection, looks at its options', async () => {
    const of = (bad: boolean) =>
      refusals(requestFor(object('PodExecOptions', bad), { operation: 'CONNECT', subResource: 'exec' }));
    expect(await of(true)).toEqual(['CONNECT exec']);
    expect(await of(false)).toEqual([]);
  });

  test('asks no image policy', async () => {
    const policies = { p: { checks: [{ registries: { allow: [] } }] } };
    const gate = fakeGate({ policies, constraints: constraintsOf(store) });
    const request = requestFor(pod({ app: 'nginx' }));
    expect((await gate.admit(request)).allowed).toBe(false);
    const { allowed, images } = await gate.admitByConstraints(request);
    expect([allowed, images]).toEqual([true, []]);
  });

  test('an unexpected error is a refusal by the gate itself, and is reported', async () => {
    const gate = fakeGate({
      constraints: {
        ...constraintsOf(store),
        source: {
          current: () => {
            throw new Error('boom');
          },
        },
      },
    });
    const { allowed, findings } = await gate.admitByConstraints(requestFor(object('Service', false)));
    expect([allowed, findings.map(({ policy, code }) => [policy, code])]).toEqual([
      false,
      [['', 'internal-error']],
    ]);
    expect(gate.bugs).toHaveLength(1);
  });

  test('constraints that are not loaded are no consent', async () => {
    const constraints = {
      ...constraintsOf(store),
      source: { current: () => ({ state: 'loading', why: 'not yet' }) as const },
    };
    const { findings } = await fakeGate({ constraints }).admitByConstraints(
      requestFor(object('Service', false)),
    );
    expect(findings).toMatchObject([{ policy: '', mode: 'Deny', code: 'policies-unavailable' }]);
  });
});
