import { beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../harness/api.ts';
import { eventually } from '../harness/eventually.ts';
import { installGate } from '../harness/gate.ts';
import { stageGate } from '../harness/gate-stage.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { badImage, dryRun, fence, untilJudged } from '../harness/policies.ts';

const validating = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

describe('the webhook configurations of the gate', () => {
  const stage = stageGate();
  const { cluster } = stage;
  let namespace: string;
  let names: string[];
  const intact = () => stage.gate.metric('imagegate_webhook_intact');
  /** What somebody added stays through `kubectl apply`, so the altered ones go first. */
  const reinstall = async () => {
    for (const name of names) await cluster.api('DELETE', `${validating}/${name}`);
    await installGate(cluster, stage.gate.url, stage.gate.data);
  };
  const untilIntact = (value: 0 | 1) =>
    eventually(`imagegate_webhook_intact ${value}`, async () => (await intact()) === value, {
      within: 10_000,
    });

  beforeAll(async () => {
    namespace = await createNamespace(cluster);
    await fence(cluster, namespace);
    const { body } = await cluster.api('GET', validating);
    names = (body['items'] as KubeObject[]).map(({ metadata }) => metadata?.name ?? '');
    await untilIntact(1);
  });

  it('are what R10 to R12 say', async () => {
    const { body } = await cluster.api('GET', validating);
    const hooks = (body['items'] as KubeObject[]).flatMap(({ webhooks }) => webhooks as KubeObject[]);
    const hook = (name: string) => hooks.find((one) => one['name'] === name);
    expect(hook('validate.imagegate.dev')).toMatchObject({
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      sideEffects: 'NoneOnDryRun',
    });
    expect(hook('bootstrap.imagegate.dev')).toMatchObject({
      failurePolicy: 'Ignore',
      matchPolicy: 'Equivalent',
    });
    expect(hook('namespaces.imagegate.dev')).toBeDefined();
    const rules = hooks.flatMap((one) => one['rules'] as { operations: string[]; resources: string[] }[]);
    expect(
      rules.flatMap(({ operations }) => operations).filter((one) => !['CREATE', 'UPDATE'].includes(one)),
    ).toEqual([]);
    expect(rules.flatMap(({ resources }) => resources).filter((one) => one.includes('*'))).toEqual([]);
  });

  it.each<{ title: string; break: (name: string) => Promise<{ status: number }> }>([
    { title: 'deleted', break: (name) => cluster.api('DELETE', `${validating}/${name}`) },
    {
      title: 'made to fail open',
      break: (name) =>
        patchFirstHook(name, { op: 'replace', path: '/webhooks/0/failurePolicy', value: 'Ignore' }),
    },
    {
      title: 'emptied of its rules',
      break: (name) =>
        patchFirstHook(name, {
          op: 'replace',
          path: '/webhooks/0/rules',
          value: [
            {
              apiGroups: ['nobody.example.com'],
              apiVersions: ['v1'],
              operations: ['CREATE'],
              resources: ['none'],
            },
          ],
        }),
    },
    {
      title: 'made to look at no namespace',
      break: (name) =>
        patchFirstHook(name, {
          op: 'replace',
          path: '/webhooks/0/namespaceSelector',
          value: { matchLabels: { 'no-namespace': 'has-this' } },
        }),
    },
    {
      title: 'sent to somebody else',
      break: (name) =>
        patchFirstHook(name, {
          op: 'replace',
          path: '/webhooks/0/clientConfig/url',
          value: 'https://127.0.0.1:1/validate',
        }),
    },
  ])(
    'are missed within ten seconds when one is $title, by metric and Event (R13, B24)',
    async ({ break: broken }) => {
      const since = new Date().toISOString();
      expect((await broken(names[0]!)).status).toBe(200);
      await untilIntact(0);
      const event = await eventually('the Event', () => ourEvent(since), { within: 10_000 });
      expect(event['type']).toBe('Warning');
      await reinstall();
      await untilIntact(1);
      await untilJudged(cluster, namespace, false);
    },
  );

  it('open the cluster when they are deleted, which is why it is told (B24)', async () => {
    for (const name of names) expect((await cluster.api('DELETE', `${validating}/${name}`)).status).toBe(200);
    await untilJudged(cluster, namespace, true);
    await untilIntact(0);
    await reinstall();
    await untilIntact(1);
    await untilJudged(cluster, namespace, false);
    expect(await dryRun(cluster, namespace, badImage)).toBe(false);
  });

  const patchFirstHook = (name: string, patch: object) => {
    const headers = { 'content-type': 'application/json-patch+json' };
    return cluster.api('PATCH', `${validating}/${name}`, [patch], { headers });
  };

  const ourEvent = async (since: string): Promise<KubeObject | undefined> => {
    const { body } = await cluster.api('GET', '/api/v1/events');
    return (body['items'] as KubeObject[]).find(
      ({ source, involvedObject, lastTimestamp, eventTime, metadata }) =>
        (source as { component?: string } | undefined)?.component === 'imagegate' &&
        (involvedObject as { kind: string }).kind === 'ValidatingWebhookConfiguration' &&
        // Seconds are all that an Event knows.
        String(lastTimestamp ?? eventTime ?? metadata?.['creationTimestamp']) >= `${since.slice(0, 19)}Z`,
    );
  };
});
