import type { V1PodDisruptionBudget, V1Service } from '@kubernetes/client-node';
import { gateLabels, manifest, objectMeta, objectNames, type InstallManifest } from './manifest.ts';

/** Ports of the container. */
export const ports = { webhook: 8443, admin: 8080 } as const;
/** Port of the Service that the webhooks name. */
export const servicePort = 443;
/** The name that the API server calls and verifies: no cluster domain in it. */
export const serviceHost = (namespace: string): string => `${objectNames.gate}.${namespace}.svc`;

const metadata = (namespace: string) => objectMeta(objectNames.gate, namespace);

const service = (namespace: string): V1Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: metadata(namespace),
  spec: {
    selector: { ...gateLabels },
    ports: [
      { name: 'webhook', port: servicePort, targetPort: 'webhook', protocol: 'TCP' },
      { name: 'admin', port: ports.admin, targetPort: 'admin', protocol: 'TCP' },
    ],
  },
});

const budget = (namespace: string): V1PodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: metadata(namespace),
  spec: {
    minAvailable: 1,
    selector: { matchLabels: { ...gateLabels } },
    // A replica that is not ready protects nobody; it must not hold up the drain of its node.
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  },
});

/** A user who may set it on a Namespace (nobody with `edit` or `admin` may) decides whose Pods read the metrics. */
const metricsLabel = 'imagegate.dev/metrics';

/** Plain, without the client's type: that one spells `from` as `_from`. */
const networkPolicy = (namespace: string) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: metadata(namespace),
  spec: {
    podSelector: { matchLabels: { ...gateLabels } },
    policyTypes: ['Ingress'],
    ingress: [
      { ports: [{ protocol: 'TCP', port: ports.webhook }] },
      {
        from: [{ namespaceSelector: { matchLabels: { [metricsLabel]: 'true' } } }],
        ports: [{ protocol: 'TCP', port: ports.admin }],
      },
    ],
  },
});

/** Everything in front of the Pods: Service, disruption budget, network policy. */
export const frontManifests = (namespace: string): readonly InstallManifest[] => [
  {
    comment: `Who may reach the gate. Port ${String(ports.webhook)}: everybody, because the API server is no Pod and no label selects it (--client-ca turns others away; where you know its addresses, put them here as ipBlock). Port ${String(ports.admin)}, health and metrics: the kubelet of its node, which no policy keeps out, and Pods of namespaces that carry the label of your choice: kubectl label namespace monitoring ${metricsLabel}=true. What the gate itself calls (API server, DNS, later registries) has no address that is the same everywhere, so egress is yours to limit.`,
    object: networkPolicy(namespace),
  },
  manifest(service(namespace)),
  manifest(budget(namespace)),
];
