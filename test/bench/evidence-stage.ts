/** What the measurements with evidence share: registries, policies that judge images, a gate that may look at them. */
import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { advisoryFolder } from '../../src/serve/advisories/open-advisories.ts';
import type { BenchPlan } from './bench-plan.ts';
import type { Filled, RegistryOrders } from './evidence-registry.ts';
import { startPart, type Part } from './evidence-part.ts';
import type { LoadPlan, LoadResult } from './load.ts';
import { load, startServer, type Server } from './processes.ts';
import { podReview } from './review-body.ts';

const here = (file: string): URL => new URL(file, import.meta.url);
const bin = here('../../bin/imagegate.mjs').pathname;

/** The registries share the core of the load: what they take is not taken from the gate. */
export const startRegistries = (): Part<RegistryOrders> => startPart(1, here('evidence-registry.ts'));

/** Rows for registries of loopback without TLS. */
export const rowsFor = (hosts: readonly string[], more: object = {}): readonly object[] =>
  hosts.map((host) => ({ host, plainHttp: true, allowPrivateAddress: true, ...more }));

/**
 * The fifty policies of the bench, for images of these hosts: five for every namespace, 45 for one team each. With
 * `image` the first of them asks who the image runs as, in mode Deny, on the platform that is named or on all.
 */
export const policiesFor = (hosts: readonly string[], image: boolean, platform?: string): readonly object[] =>
  Array.from({ length: 50 }, (_, index) => ({
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'ImagePolicy',
    metadata: { name: `policy-${index}` },
    spec: {
      mode: index % 3 === 0 ? 'Deny' : 'Audit',
      match: { namespaces: { include: [index < 5 ? '*' : `team-${index % 20}`] } },
      ...(image && index === 0 && platform !== undefined
        ? { multiArch: { mode: 'platforms', platforms: [platform] } }
        : {}),
      checks: [
        {
          registries: {
            allow: [...hosts.map((host) => `${host}/**`), 'quay.io/prometheus/*'],
            platform: ['cr.l5d.io/linkerd/*'],
            deny: ['docker.io/library/*'],
          },
        },
        { tags: { deny: ['latest', 'dev-*'] } },
        ...(image && index === 0 ? [{ image: { user: 'NonRoot' } }] : []),
      ],
    },
  }));

/** The same without `image`; the first of them demands these checks of every image, in mode Deny. */
export const policiesDemanding = (hosts: readonly string[], checks: readonly object[]): readonly object[] => {
  const [first, ...others] = policiesFor(hosts, false);
  const { spec, ...rest } = first as { spec: { checks: readonly object[] } };
  return [{ ...rest, spec: { ...spec, checks: [...spec.checks, ...checks] } }, ...others];
};

export const pinnedName = ({ name, digest }: Filled): string => `${name}@${digest}`;

/** Pods of some containers out of all images, so that a review is not always the last one. */
export const podsOf = (
  images: readonly string[],
  containers: number,
  pods: number,
): readonly (readonly string[])[] =>
  numbers(pods).map((pod) =>
    numbers(containers).map((container) => images[(pod * 7 + container * 53) % images.length] ?? ''),
  );

const writeFiles = async (folder: string, policies: readonly object[]): Promise<void> => {
  await mkdir(folder);
  const writing = policies.map((policy, index) =>
    writeFile(join(folder, `policy-${index}.json`), JSON.stringify(policy)),
  );
  await Promise.all(writing);
};

export interface Gate extends Server {
  /** Its certificate and key in one file. */
  readonly pem: string;
  /** The folder of its policies, `policy-NUMBER.json` in their order. */
  readonly policies: string;
}

export interface GateWish {
  readonly policies: readonly object[];
  /** `registries:` of the configuration. */
  readonly registries: readonly object[];
  readonly flags?: readonly string[];
  /** For Node itself. */
  readonly node?: readonly string[];
  /** The folder of a generation of advisories. */
  readonly advisories?: string;
  /** Another built checkout of this program. */
  readonly checkout?: string;
}

/** The built server on core 0. */
export const startGate = async ({ work }: BenchPlan, wish: GateWish): Promise<Gate> => {
  const folder = await mkdtemp(join(work, 'gate-'));
  const config = join(folder, 'config.yaml');
  const policies = join(folder, 'policies');
  const data = join(folder, 'data');
  await writeFile(config, stringify({ registries: wish.registries }));
  await writeFiles(policies, wish.policies);
  if (wish.advisories !== undefined) {
    await mkdir(data, { mode: 0o700 });
    await symlink(wish.advisories, advisoryFolder(data));
  }
  const files = ['--config', config, '--policies', policies, '--data', data];
  const addresses = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  const server = await startServer([
    ...(wish.node ?? []),
    wish.checkout === undefined ? bin : join(wish.checkout, 'bin/imagegate.mjs'),
    'serve',
    ...files,
    ...addresses,
    ...(wish.flags ?? []),
  ]);
  return { ...server, pem: join(data, 'tls', 'server.pem'), policies };
};

/** The echo that every rate stands beside, with the certificate of the gate. */
export const startEcho = (pem: string): Promise<Server> =>
  startServer([here('echo-server.ts').pathname, pem, pem]);

let files = 0;
/** Reviews of Pods, one a list of images, as a file for the load. */
export const writeReviews = async (
  { work }: BenchPlan,
  pods: readonly (readonly string[])[],
): Promise<string> => {
  const file = join(work, `evidence-${files++}.jsonl`);
  const bodies = pods.map((images, index) => podReview(index, { namespace: `team-${index % 20}`, images }));
  await writeFile(file, bodies.join('\n'));
  return file;
};

type Attack = Pick<LoadPlan, 'bodiesFile'> & Partial<LoadPlan>;
/** As fast as the answers come over 32 connections, unless told. */
export const send = (server: Pick<Server, 'port'>, path: string, plan: Attack): Promise<LoadResult> =>
  load({ port: server.port, path, connections: 32, requests: 10_000_000, seconds: 60, rate: 0, ...plan });

/** @throws when an answer is not what every one of them must be: a figure of wrong answers is none. */
export const expectAll = (result: LoadResult, verdict: 'allowed' | 'denied'): LoadResult => {
  const wanted = verdict === 'allowed' ? 0 : result.requests;
  if (result.errors > 0 || result.denied !== wanted || result.requests === 0)
    throw new Error(`not all were ${verdict}: ${JSON.stringify(result)}`);
  return result;
};

/** Numbers each from 0. */
export const numbers = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => index);

export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
};
