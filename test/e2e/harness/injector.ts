import { makeRegistryCertificate } from '../../fakes/registry/registry-certificate.ts';
import { listen } from '../../fakes/registry/registry-listener.ts';
import type { KubeObject } from './api.ts';
import type { Cluster } from './cluster.ts';

/** One step of RFC 6902. */
export interface InjectedPatch {
  readonly op: 'add' | 'replace';
  readonly path: string;
  readonly value: unknown;
}
export interface Injector {
  /** From now on this happens to each new Pod of the namespace; nothing until told. */
  inject(again: 'Never' | 'IfNeeded', patch: readonly InjectedPatch[]): Promise<void>;
  close(): Promise<void>;
}

const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
/** The API server asks in the order of names, so this one comes after the gate. */
const name = 'zz-injector';

/** A mutating webhook of somebody else, as a service mesh has one. */
export const startInjector = async (cluster: Cluster, namespace: string): Promise<Injector> => {
  const tls = await makeRegistryCertificate();
  let patch: readonly InjectedPatch[] = [];
  const listener = await listen({ tls }, async ({ response, body }) => {
    const { request } = JSON.parse(body) as { request: { uid: string } };
    const encoded = Buffer.from(JSON.stringify(patch)).toString('base64');
    response.setHeader('content-type', 'application/json').end(
      JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: { uid: request.uid, allowed: true, patchType: 'JSONPatch', patch: encoded },
      }),
    );
  });
  const configuration = (reinvocationPolicy: string): KubeObject => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: name },
    webhooks: [
      {
        name: 'injector.example.com',
        clientConfig: { url: `${listener.url}/inject`, caBundle: Buffer.from(tls.ca).toString('base64') },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        failurePolicy: 'Fail',
        reinvocationPolicy,
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  });
  return {
    inject: async (again, next) => {
      patch = next;
      await cluster.must(['apply', '-f', '-'], { input: JSON.stringify(configuration(again)) });
    },
    close: async () => {
      await cluster.api('DELETE', `${configurations}/${name}`);
      await listener.close();
    },
  };
};
