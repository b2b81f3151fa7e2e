import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from './api.ts';
import type { Cluster } from './cluster.ts';
import { freePort } from './free-port.ts';
import { imagegate, imagegateProgram } from './imagegate.ts';
import { launch, untilReady, type RunningProcess } from './running-process.ts';

/** A running gate: the built command, started as an operator starts it. */
export interface Gate {
  readonly port: number;
  readonly url: string;
  readonly admin: string;
  readonly data: string;
  readonly process: RunningProcess;
  metric(name: string): Promise<number | undefined>;
  /** SIGTERM; a gate that does not drain and end with 0 fails the test. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}
export interface GateOptions {
  readonly port?: number;
  /** Port of /readyz and /metrics. */
  readonly adminPort?: number;
  readonly data?: string;
  /** As whom it speaks to the API server; the user of a gate outside of the cluster unless told otherwise. */
  readonly kubeconfig?: string;
  readonly args?: readonly string[];
}

let starts = 0;

export const dataFolder = (cluster: Cluster): string => {
  return mkdtempSync(join(cluster.folder, 'gate-'));
};

interface ServeOptions {
  readonly args: readonly string[];
  /** Where its two logs lie; what sets them apart is added. */
  readonly log: string;
  /** Milliseconds until it has to be ready. */
  readonly within?: number;
}

/** Starts `serve` and waits for its ready line. */
export const serve = async ({
  args,
  log,
  within,
}: ServeOptions): Promise<Pick<Gate, 'process' | 'url' | 'admin'>> => {
  const stdoutLog = `${log}.stdout.log`;
  const process = launch({
    name: 'imagegate serve',
    command: globalThis.process.execPath,
    log: `${log}.stderr.log`,
    stdoutLog,
    args: [imagegateProgram, 'serve', ...args],
  });
  const ready = () => readFileSync(stdoutLog, 'utf8').match(/^ready (https:\S+) admin (http:\S+)$/m);
  await untilReady(process, async () => ready() !== null, within);
  const [, url, admin] = ready()!;
  return { process, url: url!, admin: admin! };
};

export const startGate = async (cluster: Cluster, options: GateOptions = {}): Promise<Gate> => {
  const data = options.data ?? dataFolder(cluster);
  const port = options.port ?? (await freePort());
  const { process, url, admin } = await serve({
    // One of its own for each start: the ready line of a former process must not stand in it.
    log: `${data}.${++starts}`,
    args: [
      '--cluster',
      ['--kubeconfig', options.kubeconfig ?? cluster.kubeconfigs.imagegate],
      ['--listen', `127.0.0.1:${port}`],
      ['--admin', `127.0.0.1:${options.adminPort ?? 0}`],
      ['--data', data],
      ['--admins', 'gatekeeper'],
      options.args ?? [],
    ].flat(),
    within: 20_000,
  });
  return {
    port,
    url,
    admin,
    data,
    process,
    metric: (name) => readMetric(`${admin}/metrics`, name),
    stop: async () => {
      const end = await process.stop('SIGTERM');
      if (end.code !== 0) {
        throw new Error(
          `the gate ended with ${end.code ?? end.signal} on SIGTERM:\n${process.output().slice(-2_000)}`,
        );
      }
    },
    kill: async () => void (await process.kill()),
  };
};

/** The value of the first sample of a metric, whatever its labels. */
const readMetric = async (url: string, name: string): Promise<number | undefined> => {
  const page = await (await fetch(url)).text();
  const value = page.match(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'm'))?.[1];
  return value === undefined ? undefined : Number(value);
};

/** Puts the gate in front of the API server, as the README says: `imagegate manifests … | kubectl apply -f -`. */
export const installGate = async (
  cluster: Cluster,
  url: string,
  data: string,
  args: readonly string[] = [],
): Promise<KubeObject[]> => {
  const printed = await imagegate(['manifests', '--url', url, '--data', data, ...args]);
  if (printed.code !== 0) throw new Error(`manifests ended with ${printed.code}: ${printed.stderr}`);
  const applied = await cluster.run(['apply', '-f', '-'], { input: printed.stdout });
  if (applied.code !== 0) throw new Error(`kubectl apply ended with ${applied.code}: ${applied.stderr}`);
  return readObjects(printed.stdout);
};

export const readObjects = (yaml: string): KubeObject[] => {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
};

const registration = '/apis/admissionregistration.k8s.io/v1';
const cleared = [
  `${registration}/validatingwebhookconfigurations`,
  `${registration}/mutatingwebhookconfigurations`,
  `${registration}/validatingadmissionpolicybindings`,
  `${registration}/validatingadmissionpolicies`,
  '/apis/imagegate.dev/v1alpha1/imagepolicies',
  '/apis/imagegate.dev/v1alpha1/trustroots',
];

/** Takes every webhook, admission policy, image policy and trust root out of the cluster; the CRDs stay. */
export const clearGate = async (cluster: Cluster): Promise<void> => {
  for (const path of cleared) {
    const { status, message } = await cluster.api('DELETE', path);
    if (status !== 200 && status !== 404) throw new Error(`DELETE ${path}: ${status} ${message}`);
  }
};
