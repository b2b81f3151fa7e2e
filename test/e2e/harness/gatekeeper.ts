import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createReviewer, type Reviewer } from './admission-reviewer.ts';
import type { KubeObject } from './api.ts';
import { createAuthority } from './certificates.ts';
import type { Cluster } from './cluster.ts';
import { freePorts } from './free-port.ts';
import { readObjects } from './gate.ts';
import { installGatekeeper } from './install-gatekeeper.ts';
import { launch, untilReady, type RunningProcess } from './running-process.ts';

/** The real Gatekeeper: its manager, which runs outside of the cluster. */
export interface Gatekeeper {
  /** Of its webhook. */
  readonly url: string;
  /** Who signed its certificate, as PEM. */
  readonly ca: string;
  readonly process: RunningProcess;
  /** Asks its webhook. */
  readonly review: Reviewer['review'];
  stop(): Promise<void>;
}

/** How the manager names itself in statuses. */
export const fakePod = 'no-pod';

const left = new Set(['Deployment', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']);
const objectsOf = (manifest: string): KubeObject[] => readObjects(readFileSync(manifest, 'utf8'));

const keepStatuses = 'keep-statuses-of-gatekeeper';
/**
 * Statuses that the manager keeps belong to its Pod, which is none here: the garbage collector of the cluster would take them
 * away again and again.
 */
const keepingStatuses: readonly KubeObject[] = [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: keepStatuses },
    spec: {
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ['status.gatekeeper.sh'],
            apiVersions: ['*'],
            operations: ['DELETE'],
            resources: ['*'],
          },
        ],
      },
      validations: [
        {
          expression:
            "request.userInfo.username != 'system:serviceaccount:kube-system:generic-garbage-collector'",
        },
      ],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name: keepStatuses },
    spec: { policyName: keepStatuses, validationActions: ['Deny'] },
  },
];

const listOf = (items: readonly KubeObject[]): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

/** Applies what a release of Gatekeeper holds, without what would run it in the cluster, and without its webhooks. */
export const installGatekeeperObjects = async (cluster: Cluster): Promise<void> => {
  const objects = objectsOf(installGatekeeper().manifest).filter(({ kind = '' }) => !left.has(kind));
  await cluster.must(['apply', '-f', '-'], { input: listOf([...objects, ...keepingStatuses]) });
  const crds = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
  await cluster.must([
    'wait',
    '--for=condition=Established',
    '--timeout=60s',
    ...crds.map(({ metadata }) => `crd/${metadata?.name}`),
  ]);
};

/** Takes templates, constraints and all kinds of Gatekeeper out of the cluster. Nobody may write them any more. */
export const removeGatekeeperObjects = async (cluster: Cluster): Promise<void> => {
  const waiting = ['--timeout=90s', '--request-timeout=0'];
  await cluster.run(['delete', 'constrainttemplates', '--all', ...waiting]);
  await cluster.run(['delete', 'crd', '-l', 'gatekeeper.sh/constraint=yes', ...waiting]);
  const objects = objectsOf(installGatekeeper().manifest);
  await cluster.run(['delete', '--ignore-not-found', ...waiting, '-f', '-'], {
    input: listOf([...objects, ...keepingStatuses]),
  });
};

/** The webhooks of the release, with the address of a manager outside of the cluster. */
export const gatekeeperWebhooks = ({ url, ca }: Pick<Gatekeeper, 'url' | 'ca'>): KubeObject => {
  const found = objectsOf(installGatekeeper().manifest).find(
    ({ kind }) => kind === 'ValidatingWebhookConfiguration',
  )!;
  const webhooks = found['webhooks'] as readonly { clientConfig: { service: { path: string } } }[];
  return {
    ...found,
    webhooks: webhooks.map(({ clientConfig, ...webhook }) => ({
      ...webhook,
      clientConfig: {
        url: `${url}${clientConfig.service.path}`,
        caBundle: Buffer.from(ca).toString('base64'),
      },
      // As published a webhook lets everything in while it does not answer: a slow machine must not look like a gap.
      failurePolicy: 'Fail',
      timeoutSeconds: 10,
    })),
  };
};

/**
 * Starts the manager beside the API server. Templates with Rego and CEL are asked in Rego, as we do.
 * @param cluster - holds the objects of a release already
 * @param placed - makes of a command one that says where it runs
 */
export const startGatekeeper = async (
  cluster: Pick<Cluster, 'folder' | 'kubeconfigs'>,
  placed = (program: string, args: readonly string[]): readonly [string, readonly string[]] => [
    program,
    args,
  ],
): Promise<Gatekeeper> => {
  const { manager } = installGatekeeper();
  const folder = mkdtempSync(join(cluster.folder, 'gatekeeper-'));
  const authority = await createAuthority('gatekeeper-ca');
  const serving = await authority.issueServer('gatekeeper', ['127.0.0.1']);
  writeFileSync(join(folder, 'tls.crt'), serving.certificate);
  writeFileSync(join(folder, 'tls.key'), serving.key, { mode: 0o600 });
  const [port, health, metrics] = await freePorts(3);
  const [command, args] = placed(manager, [
    `--kubeconfig=${cluster.kubeconfigs.admin}`,
    '--debug-use-fake-pod',
    '--disable-cert-rotation',
    `--cert-dir=${folder}`,
    '--host=127.0.0.1',
    `--port=${port}`,
    `--health-addr=127.0.0.1:${health}`,
    `--prometheus-port=${metrics}`,
    '--operation=webhook',
    '--operation=status',
    '--operation=generate',
    '--disable-opa-builtin=http.send',
    '--enable-k8s-native-validation=false',
    '--shutdown-delay=0',
  ]);
  const process = launch({ name: 'gatekeeper', command, log: `${folder}.log`, args });
  await untilReady(process, async () => (await fetch(`http://127.0.0.1:${health}/readyz`)).status === 200);
  const url = `https://127.0.0.1:${port}`;
  const reviewer = createReviewer(`${url}/v1/admit?timeout=30s`, authority.certificate);
  return {
    url,
    ca: authority.certificate,
    process,
    review: reviewer.review,
    stop: async () => {
      reviewer.close();
      await process.stop();
    },
  };
};
