/** Pod reviews of about 6.5 KB with four containers, as a real API server sends them (managedFields included). */

/** Names of Pods: this, then a number in base 36 with so many digits. */
export const podPrefix = 'shop-api-7d9c5b8f6d-';
export const podDigits = 5;

const uuid = (index: number): string => `6f1c2d3e-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;

const container = (name: string, image: string) => ({
  name,
  image,
  imagePullPolicy: 'IfNotPresent',
  args: ['--config=/etc/app/config.yaml', '--log-level=info', `--name=${name}`],
  ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
  env: [
    { name: 'POD_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
    { name: 'DATABASE_HOST', value: 'postgres.databases.svc.cluster.local' },
    { name: 'FEATURES', value: 'search,checkout,recommendations' },
  ],
  resources: { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
  volumeMounts: [
    { name: 'config', mountPath: '/etc/app', readOnly: true },
    {
      name: 'kube-api-access-x7k2p',
      readOnly: true,
      mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
    },
  ],
  livenessProbe: {
    httpGet: { path: '/healthz', port: 'http', scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  },
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    runAsNonRoot: true,
  },
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
});

export interface ReviewOptions {
  readonly namespace: string;
  readonly images: readonly string[];
}

/** One AdmissionReview; `index` makes its uid and Pod name. */
export const podReview = (index: number, { namespace, images }: ReviewOptions): string => {
  const name = `${podPrefix}${index.toString(36).padStart(podDigits, '0')}`;
  const resource = { group: '', version: 'v1', resource: 'pods' };
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: uuid(index),
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name,
      namespace,
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        uid: 'd1f5c1c0-6a4e-4c8e-9c6b-1a2b3c4d5e6f',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
      },
      object: {
        kind: 'Pod',
        apiVersion: 'v1',
        metadata: {
          name,
          generateName: 'shop-api-7d9c5b8f6d-',
          namespace,
          uid: uuid(index + 1_000_000),
          creationTimestamp: '2026-01-01T00:00:00Z',
          labels: { app: 'shop-api', 'pod-template-hash': '7d9c5b8f6d', team: 'shop' },
          ownerReferences: [
            {
              apiVersion: 'apps/v1',
              kind: 'ReplicaSet',
              name: 'shop-api-7d9c5b8f6d',
              uid: uuid(7),
              controller: true,
              blockOwnerDeletion: true,
            },
          ],
          managedFields: [
            {
              manager: 'kube-controller-manager',
              operation: 'Update',
              apiVersion: 'v1',
              time: '2026-01-01T00:00:00Z',
              fieldsType: 'FieldsV1',
              fieldsV1: {
                'f:metadata': {
                  'f:generateName': {},
                  'f:labels': { '.': {}, 'f:app': {}, 'f:pod-template-hash': {}, 'f:team': {} },
                  'f:ownerReferences': { '.': {}, [`k:{"uid":"${uuid(7)}"}`]: {} },
                },
                'f:spec': {
                  'f:containers': { 'k:{"name":"api"}': { '.': {}, 'f:image': {}, 'f:name': {} } },
                  'f:dnsPolicy': {},
                  'f:restartPolicy': {},
                  'f:schedulerName': {},
                },
              },
            },
          ],
        },
        spec: {
          volumes: [
            { name: 'config', configMap: { name: 'shop-api-config', defaultMode: 420 } },
            {
              name: 'kube-api-access-x7k2p',
              projected: {
                sources: [
                  { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
                  { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
                ],
                defaultMode: 420,
              },
            },
          ],
          containers: images.map((image, at) =>
            container(['api', 'worker', 'proxy', 'metrics'][at] ?? `c${at}`, image),
          ),
          restartPolicy: 'Always',
          terminationGracePeriodSeconds: 30,
          dnsPolicy: 'ClusterFirst',
          serviceAccountName: 'shop-api',
          serviceAccount: 'shop-api',
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          schedulerName: 'default-scheduler',
          tolerations: [
            {
              key: 'node.kubernetes.io/not-ready',
              operator: 'Exists',
              effect: 'NoExecute',
              tolerationSeconds: 300,
            },
            {
              key: 'node.kubernetes.io/unreachable',
              operator: 'Exists',
              effect: 'NoExecute',
              tolerationSeconds: 300,
            },
          ],
          priority: 0,
          enableServiceLinks: true,
          preemptionPolicy: 'PreemptLowerPriority',
        },
        status: { phase: 'Pending', qosClass: 'Burstable' },
      },
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    },
  });
};

const digest = (index: number): string => index.toString(16).padStart(64, '0');

/** Four images of a review: eighty services with many versions each, so that a review is not always the last one. */
export const imagesOf = (index: number): readonly string[] => [
  `registry.example.com/shop/api-${index % 80}:1.${index % 997}.0`,
  `registry.example.com/shop/worker-${index % 80}:1.${index % 997}.0@sha256:${digest(index % 997)}`,
  `cr.l5d.io/linkerd/proxy:edge-25.${index % 12}.2`,
  `quay.io/prometheus/statsd-exporter:v0.${index % 30}.0`,
];
