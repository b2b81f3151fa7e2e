import type { V1MutatingWebhook, V1ValidatingWebhook } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { createWorkloadTable } from '../core/workload/kinds/kinds.ts';
import {
  mutatingConfiguration,
  mutatingManifest,
  webhookConfiguration,
  webhookManifest,
} from './webhook-configuration.ts';
import { webhookNames, type WebhookOptions } from './webhook-target.ts';

const options: WebhookOptions = {
  target: { url: 'https://gate.example.com:8443' },
  caBundle: '-----BEGIN CERTIFICATE-----\n…\n',
  workloads: createWorkloadTable([]).all,
  bootstrapNamespaces: ['kube-system'],
  ownNamespace: 'imagegate-system',
};
const hooks = (own: Partial<WebhookOptions> = {}): Readonly<Record<string, V1ValidatingWebhook>> =>
  Object.fromEntries(
    (webhookConfiguration({ ...options, ...own }).webhooks ?? []).map((hook) => [hook.name, hook]),
  );
const { validate, bootstrap, namespaces, policies } = webhookNames;
const selectorOf = (hook: V1ValidatingWebhook | V1MutatingWebhook | undefined): string =>
  (hook?.namespaceSelector?.matchExpressions ?? [])
    .map(({ key, operator, values }) => `${key} ${operator} ${String(values)}`)
    .join();
const coveredBy = (hook: V1ValidatingWebhook | undefined): readonly string[] =>
  (hook?.rules ?? []).flatMap(({ apiGroups, apiVersions, resources }) =>
    (resources ?? []).map((resource) => `${String(apiGroups)}/${String(apiVersions)}/${resource}`),
  );

describe('R10: validate.imagegate.dev', () => {
  test.each([
    '/v1/pods',
    '/v1/pods/ephemeralcontainers',
    '/v1/podtemplates',
    '/v1/replicationcontrollers',
    'apps/v1/deployments',
    'apps/v1/replicasets',
    'apps/v1/statefulsets',
    'apps/v1/daemonsets',
    'batch/v1/jobs',
    'batch/v1/cronjobs',
    'argoproj.io/v1alpha1/rollouts',
  ])('covers %s', (resource) => expect(coveredBy(hooks()[validate])).toContain(resource));

  test('covers every row of the workload table', () => {
    const covered = coveredBy(hooks()[validate]);
    for (const { group, resource } of options.workloads) {
      expect(covered.some((text) => text.startsWith(`${group}/`) && text.endsWith(`/${resource}`))).toBe(
        true,
      );
    }
  });

  test('covers CREATE and UPDATE and no more', () => {
    const operations = (hooks()[validate]?.rules ?? []).map((rule) => rule.operations);
    expect(new Set(operations.flat())).toEqual(new Set(['CREATE', 'UPDATE']));
  });

  test('covers no status and no scale', () => {
    expect(coveredBy(hooks()[validate]).filter((text) => /\/(?:status|scale)$/.test(text))).toEqual([]);
  });

  test('fails closed, sees old API versions, has no side effects on dry runs, and leaves time for evidence', () => {
    expect(hooks()[validate]).toMatchObject({
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      sideEffects: 'NoneOnDryRun',
      timeoutSeconds: 10,
      admissionReviewVersions: ['v1'],
    });
  });

  test('has the match condition word for word', () => {
    expect(hooks()[validate]?.matchConditions?.map(({ expression }) => expression)).toEqual([
      "request.operation != 'UPDATE' || object.?spec != oldObject.?spec || object.?template != oldObject.?template",
    ]);
  });

  test('covers every version of a user’s row that lists none, and says so', () => {
    const row = { group: 'x.io', resource: 'fleets' };
    expect(coveredBy(hooks({ workloads: [row] })[validate])).toEqual(['x.io/*/fleets']);
    const said = 'gated in every version ("*"); list versions: fleets.x.io.';
    expect(webhookManifest({ ...options, workloads: [row] }).comment).toContain(said);
    expect(webhookManifest(options).comment).not.toContain('every version');
  });

  test('uses the versions that a row lists', () => {
    const row = { group: 'x.io', resource: 'fleets', versions: ['v1', 'v2'] };
    expect(coveredBy(hooks({ workloads: [row] })[validate])).toEqual(['x.io/v1,v2/fleets']);
  });
});

describe('R11: cold start', () => {
  const name = 'kubernetes.io/metadata.name';

  test('leaves out own and bootstrap namespaces by the label that nobody can change (B13)', () => {
    expect(selectorOf(hooks()[validate])).toBe(`${name} NotIn imagegate-system,kube-system`);
  });

  test('judges the bootstrap namespaces by the same rules, and lets them start without us', () => {
    const { [validate]: strict, [bootstrap]: open } = hooks();
    expect(selectorOf(open)).toBe(`${name} In kube-system`);
    expect(open?.failurePolicy).toBe('Ignore');
    expect(coveredBy(open)).toEqual(coveredBy(strict));
    expect(open?.matchConditions).toEqual(strict?.matchConditions);
  });

  test('judges a cluster-scoped workload once: no selector of namespaces leaves it out', () => {
    const scopes = (hooks()[bootstrap]?.rules ?? []).map((rule) => rule.scope);
    expect(new Set(scopes)).toEqual(new Set(['Namespaced']));
  });

  test('never opens the own namespace through the bootstrap list', () => {
    const all = hooks({ bootstrapNamespaces: ['imagegate-system', 'kube-system'] });
    expect(selectorOf(all[bootstrap])).toBe(`${name} In kube-system`);
  });

  test('has no bootstrap webhook without bootstrap namespaces: an empty selector would select everything', () => {
    const all = hooks({ bootstrapNamespaces: [] });
    expect(Object.keys(all)).toEqual([validate, namespaces, policies]);
    expect(selectorOf(all[validate])).toBe(`${name} NotIn imagegate-system`);
  });

  test('opens nothing but the bootstrap namespaces', () => {
    const ignoring = Object.values(hooks()).filter((hook) => hook.failurePolicy !== 'Fail');
    expect(ignoring.map((hook) => hook.name)).toEqual([bootstrap]);
  });
});

describe('R12 and R9: namespaces and policies', () => {
  test('asks about labels of namespaces, fails closed, leaves the own namespace out', () => {
    const hook = hooks()[namespaces];
    expect(coveredBy(hook)).toEqual(['/v1/namespaces', '/v1/namespaces/status', '/v1/namespaces/finalize']);
    expect(hook?.failurePolicy).toBe('Fail');
    expect(selectorOf(hook)).toBe('kubernetes.io/metadata.name NotIn imagegate-system');
  });

  test('lets a bootstrap namespace be created without us, never relabelled', () => {
    const expressions = hooks()[namespaces]?.matchConditions?.map(({ expression }) => expression);
    expect(expressions?.[1]).toBe(
      "request.operation != 'CREATE' || !(object.metadata.?name.orValue('') in ['kube-system'])",
    );
  });

  test('asks about policies, cluster-wide', () => {
    const hook = hooks()[policies];
    expect(coveredBy(hook)).toEqual([
      'imagegate.dev/v1alpha1/imagepolicies',
      'imagegate.dev/v1alpha1/trustroots',
    ]);
    expect(hook?.rules?.[0]?.scope).toBe('Cluster');
    expect(hook?.failurePolicy).toBe('Fail');
    expect(hook?.namespaceSelector).toBeUndefined();
  });
});

describe('where the API server finds us (R15)', () => {
  const caBundle = Buffer.from(options.caBundle).toString('base64');

  test('by URL', () => {
    expect(hooks()[policies]?.clientConfig).toEqual({
      url: 'https://gate.example.com:8443/validate',
      caBundle,
    });
  });

  test('by Service', () => {
    const service = { name: 'imagegate', namespace: 'imagegate-system', port: 443 };
    expect(hooks({ target: { service } })[validate]?.clientConfig).toEqual({
      service: { ...service, path: '/validate' },
      caBundle,
    });
  });
});

describe('mutate.imagegate.dev', () => {
  const mutating = (own: Partial<WebhookOptions> = {}): V1MutatingWebhook => {
    const [hook, ...others] = mutatingConfiguration({ ...options, ...own }).webhooks ?? [];
    if (hook === undefined || others.length > 0) throw new Error('one webhook is expected');
    return hook;
  };

  test('is asked about Pods alone, and about new ephemeral containers', () => {
    const asked = (mutating().rules ?? []).map(
      ({ apiGroups, apiVersions, operations, resources }) =>
        `${String(operations)} ${String(apiGroups)}/${String(apiVersions)}/${String(resources)}`,
    );
    expect(asked).toEqual(['CREATE,UPDATE /v1/pods', 'UPDATE /v1/pods/ephemeralcontainers']);
  });

  test('fails open, is asked again after other webhooks, has no side effects', () => {
    expect(mutating()).toMatchObject({
      name: 'mutate.imagegate.dev',
      failurePolicy: 'Ignore',
      matchPolicy: 'Equivalent',
      reinvocationPolicy: 'IfNeeded',
      sideEffects: 'None',
      timeoutSeconds: 10,
      admissionReviewVersions: ['v1'],
    });
  });

  test('a label or a finalizer of a running Pod does not come by', () => {
    expect(mutating().matchConditions).toEqual(hooks()[validate]?.matchConditions);
  });

  test('leaves out the own namespace, and no bootstrap namespace: they are judged, so they are pinned', () => {
    expect(selectorOf(mutating())).toBe('kubernetes.io/metadata.name NotIn imagegate-system');
  });

  test('is found at /mutate, by URL and by Service', () => {
    expect(mutating().clientConfig.url).toBe('https://gate.example.com:8443/mutate');
    const service = { name: 'imagegate', namespace: 'imagegate-system', port: 443 };
    expect(mutating({ target: { service } }).clientConfig.service).toEqual({ ...service, path: '/mutate' });
  });

  test('says how to be rid of it', () => {
    expect(mutatingManifest(options).comment).toContain(
      'kubectl delete mutatingwebhookconfiguration imagegate',
    );
  });
});
