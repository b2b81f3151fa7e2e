import { request } from 'node:https';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { createTokenKeys, type Authority } from './certificates.ts';
import { freePort } from './free-port.ts';
import { clientUser } from './kubeconfig.ts';
import { launch, untilReady, type RunningProcess } from './running-process.ts';

export interface ApiServer {
  readonly url: string;
  readonly tokenKey: string;
  readonly auditLog: string;
  readonly process: RunningProcess;
}
export interface ApiServerOptions {
  readonly binary: string;
  readonly folder: string;
  readonly etcd: string;
  readonly authority: Authority;
  /** What the API server shows to every webhook; without it it shows no certificate. */
  readonly webhookClient?: { readonly authority: Authority; readonly name: string };
}

/** A kube-apiserver with RBAC, the default admission plugins and an audit log, on loopback. */
export const startApiServer = async (options: ApiServerOptions): Promise<ApiServer> => {
  const { folder, authority } = options;
  const port = await freePort();
  const path = (name: string) => join(folder, name);
  const put = (name: string, content: string): string => {
    writeFileSync(path(name), content, { mode: 0o600 });
    return path(name);
  };
  const serving = await authority.issueServer('kube-apiserver', [
    '127.0.0.1',
    '10.96.0.1',
    'localhost',
    'kubernetes.default.svc',
  ]);
  const tokens = createTokenKeys();
  const ca = put('ca.crt', authority.certificate);
  const tokenKey = put('service-account.key', tokens.privateKey);
  const auditLog = path('audit.log');
  const process = launch({
    name: 'kube-apiserver',
    command: options.binary,
    log: path('kube-apiserver.log'),
    args: [
      `--etcd-servers=${options.etcd}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      '--endpoint-reconciler-type=none',
      `--secure-port=${port}`,
      `--tls-cert-file=${put('kube-apiserver.crt', serving.certificate)}`,
      `--tls-private-key-file=${put('kube-apiserver.key', serving.key)}`,
      `--client-ca-file=${ca}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-signing-key-file=${tokenKey}`,
      `--service-account-key-file=${put('service-account.pub', tokens.publicKey)}`,
      '--service-cluster-ip-range=10.96.0.0/16',
      '--allow-privileged=true',
      `--audit-log-path=${auditLog}`,
      `--audit-policy-file=${put('audit-policy.yaml', auditPolicy)}`,
      ...(await webhookClientFlags(options, put)),
    ],
  });
  const url = `https://127.0.0.1:${port}`;
  await untilReady(process, () => answers(`${url}/readyz`, authority.certificate));
  return { url, tokenKey, auditLog, process };
};

const auditPolicy = stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', verbs: ['get', 'list', 'watch'] },
    { level: 'None', resources: [{ group: 'coordination.k8s.io' }] },
    { level: 'Metadata' },
  ],
});

/** The API server takes the client certificate for webhooks from a kubeconfig; `*` stands for every webhook's host. */
const webhookClientFlags = async (
  options: ApiServerOptions,
  put: (name: string, content: string) => string,
): Promise<string[]> => {
  if (options.webhookClient === undefined) return [];
  const { authority, name } = options.webhookClient;
  const client = await authority.issueClient(name);
  const kubeConfigFile = put(
    'webhook-client.kubeconfig',
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      users: [{ name: '*', user: clientUser(client) }],
    }),
  );
  const plugin = (plugin: string, kind: string) => ({
    name: plugin,
    configuration: { apiVersion: 'apiserver.config.k8s.io/v1', kind, kubeConfigFile },
  });
  const config = put(
    'admission-control.yaml',
    stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins: [
        plugin('ValidatingAdmissionWebhook', 'WebhookAdmissionConfiguration'),
        plugin('MutatingAdmissionWebhook', 'WebhookAdmissionConfiguration'),
      ],
    }),
  );
  return [`--admission-control-config-file=${config}`];
};

const answers = (url: string, ca: string): Promise<boolean> => {
  return new Promise((resolve) => {
    request(url, { ca, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on('error', () => resolve(false))
      .end();
  });
};
