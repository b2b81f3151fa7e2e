import type { IncomingMessage } from 'node:http';
import type { FakeResource } from './api-server-resource.ts';

const aggregatedOf = (resources: readonly FakeResource[]) =>
  [...Map.groupBy(resources, ({ group }) => group)].map(([name, ofGroup]) => ({
    metadata: name === '' ? {} : { name },
    versions: [...Map.groupBy(ofGroup, ({ version }) => version)].map(([version, all]) => ({
      version,
      freshness: 'Current',
      resources: all.map(({ group, plural, kind, namespaced, status }) => {
        const responseKind = { group, version, kind };
        return {
          resource: plural,
          responseKind,
          scope: namespaced ? 'Namespaced' : 'Cluster',
          ...(status === true ? { subresources: [{ subresource: 'status', responseKind }] } : {}),
        };
      }),
    })),
  }));

/** `/api` or `/apis`, as the API server since 1.27 answers to those that can read it all at once. */
export const discoveryOf = (
  path: '/api' | '/apis',
  request: IncomingMessage,
  resources: readonly FakeResource[],
): object => {
  const asked = resources.filter(({ group }) => (group === '') === (path === '/api'));
  if (!String(request.headers.accept).includes('as=APIGroupDiscoveryList'))
    throw new Error('the fake API server knows aggregated discovery alone');
  return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', items: aggregatedOf(asked) };
};
