import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi, type Api } from './api.ts';
import { startApiServer } from './api-server.ts';
import { createAuthority, type KeyedCertificate } from './certificates.ts';
import { startControllerManager } from './controller-manager.ts';
import { startEtcd } from './etcd.ts';
import type { Parts } from './install.ts';
import { writeKubeconfigs, type User } from './kubeconfig.ts';
import { createKubectl, type Kubectl } from './kubectl.ts';
import { untilReady, type RunningProcess } from './running-process.ts';

/** Where a cluster is and how to speak to it; plain data, so that it can go from one process to another. */
export interface ClusterAddress {
  readonly url: string;
  readonly folder: string;
  readonly kubectl: string;
  readonly kubeconfigs: Readonly<Record<User, string>>;
  readonly auditLog: string;
  readonly webhookClient: WebhookClient;
}
/** The certificate that the API server shows to webhooks, and another one of the same CA. */
export interface WebhookClient {
  /** Path of the CA. */
  readonly ca: string;
  /** The common name of the API server in it. */
  readonly name: string;
  readonly impostor: KeyedCertificate;
}
export interface Cluster extends ClusterAddress {
  /** kubectl; the caller judges the exit code. */
  readonly run: Kubectl;
  /** kubectl for what only prepares a test: any failure is an error. */
  readonly must: Kubectl;
  readonly api: Api;
}
export interface StartedCluster {
  readonly address: ClusterAddress;
  /** Ends what was started, in turn, and removes its folder. */
  readonly stop: () => Promise<void>;
}

const webhookClient = 'kube-apiserver';

export const connect = (address: ClusterAddress): Cluster => {
  const run = createKubectl(address.kubectl, address.folder, address.kubeconfigs);
  const must: Kubectl = async (args, options) => {
    const answer = await run(args, options);
    if (answer.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${answer.stderr}`);
    return answer;
  };
  return {
    ...address,
    run,
    must,
    api: createApi(address.url, address.kubeconfigs),
  };
};

/** etcd, API server and controllers on free loopback ports. No kubelet: Pods stay Pending. */
export const startCluster = async (parts: Parts): Promise<StartedCluster> => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-e2e-'));
  const started: RunningProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const process of started.toReversed()) await process.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  try {
    const address = await startParts(parts, folder, (process) => started.push(process));
    return { address, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const startParts = async (
  parts: Parts,
  folder: string,
  onStart: (process: RunningProcess) => void,
): Promise<ClusterAddress> => {
  const authority = await createAuthority('e2e-ca');
  const webhookClients = await createAuthority('e2e-webhook-client-ca');
  const webhookClientCa = join(folder, 'webhook-client-ca.crt');
  writeFileSync(webhookClientCa, webhookClients.certificate);
  const etcd = await startEtcd(parts.etcd, folder);
  onStart(etcd.process);
  const server = await startApiServer({
    binary: parts.apiServer,
    folder,
    etcd: etcd.url,
    authority,
    webhookClient: { authority: webhookClients, name: webhookClient },
  });
  onStart(server.process);
  const kubeconfigs = await writeKubeconfigs(folder, server.url, authority);
  const controllers = startControllerManager({
    binary: parts.controllerManager,
    folder,
    kubeconfig: kubeconfigs.admin,
    tokenKey: server.tokenKey,
  });
  onStart(controllers);
  const api = createApi(server.url, kubeconfigs);
  const account = '/api/v1/namespaces/default/serviceaccounts/default';
  await untilReady(controllers, async () => (await api('GET', account)).status === 200);
  return {
    url: server.url,
    folder,
    kubectl: parts.kubectl,
    kubeconfigs,
    auditLog: server.auditLog,
    webhookClient: {
      ca: webhookClientCa,
      name: webhookClient,
      impostor: await webhookClients.issueClient('impostor'),
    },
  };
};
