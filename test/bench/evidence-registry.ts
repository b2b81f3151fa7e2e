/** The registries of the bench in a process of their own: Debian's docker-registry, and the double with its faults. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCosign, type Cosign, type CosignKey, type SignatureForm } from '../e2e/harness/cosign.ts';
import { startDockerRegistry, type DockerRegistry } from '../e2e/harness/docker-registry.ts';
import type { Digest } from '../../src/core/image/digest.ts';
import { emailClaims, emailIssuer } from '../e2e/harness/oidc-issuers.ts';
import { pushManifest } from '../e2e/harness/registry-push.ts';
import { startSigstore, type RunningSigstore } from '../e2e/harness/sigstore.ts';
import { cycloneDxType, listFor } from '../fakes/advisories.ts';
import { image, index, type FakeManifest } from '../fakes/registry/registry-content.ts';
import { startFakeRegistry, type FakeRegistry } from '../fakes/registry/registry.ts';
import { candidatesFor, signers, type Signed } from './signed-images.ts';
import { faults, type FaultName } from './evidence-faults.ts';
import { serveParent } from './evidence-part.ts';

/** Images that do not exist yet, each with other bytes: `repository-0:v1` and so on. */
export interface Fill {
  readonly host: string;
  readonly repository: string;
  readonly count: number;
  /** An index of two platforms instead of an image. */
  readonly multiArch?: boolean;
  /** An index of so many platforms, each with labels as long as are compared. */
  readonly platforms?: number;
}
export interface Filled {
  /** `HOST/REPOSITORY:TAG` */
  readonly name: string;
  readonly digest: Digest;
}
export interface Requests {
  readonly total: number;
  readonly most: number;
}
/** A registry that is open. */
interface Place {
  push(repository: string, manifest: FakeManifest, tag: string): Promise<void>;
  /** Paths of the requests that have arrived so far, without those of an order to `fill`. */
  paths(): readonly string[];
  stop(): Promise<void>;
}

/** Who signed, and what to believe them by. */
export interface KeylessSigner {
  readonly trustedRoot: string;
  readonly trustedRootFile: string;
  readonly issuer: string;
  readonly subject: string;
}

const places = new Map<string, Place>();
/** What was filled in, for those who sign it. */
const filledManifests = new Map<Digest, FakeManifest>();

/** As large as images are: a config of 3 KB with its history, five layers. */
const realistic = (mark: string, architecture: string): FakeManifest => {
  const history = Array.from({ length: 14 }, (_, step) => ({
    created: '2026-01-01T00:00:00Z',
    created_by: `RUN /bin/sh -c step ${step} of ${mark} # buildkit, as every builder writes it into the config`,
    empty_layer: step % 3 !== 0,
  }));
  return image({
    user: '65532',
    created: '2026-01-01T00:00:00Z',
    entrypoint: ['/app/server'],
    labels: {
      'org.opencontainers.image.title': mark,
      'org.opencontainers.image.source': `https://git.example.com/bench/${mark}`,
      'org.opencontainers.image.revision': '0f1e2d3c4b5a69788796a5b4c3d2e1f001122334',
    },
    platform: { os: 'linux', architecture },
    layers: Array.from({ length: 5 }, (_, layer) => `layer ${layer}`),
    config: { history },
  });
};

const maxLabelLength = 4096;
/** As large as an attacker makes them: every platform has a user and a label of its own, as long as they may be. */
const wide = (mark: string, platforms: number): FakeManifest =>
  index(
    Array.from({ length: platforms }, (_, at) =>
      image({
        user: `${'://'.repeat(100)}${at}`,
        created: '2026-01-01T00:00:00Z',
        labels: { source: `https://git-${at}.example.com/${mark}/`.padEnd(maxLabelLength, 'a') },
        platform: { os: 'linux', architecture: `a${at}` },
      }),
    ),
  );

const made = (mark: string, multiArch: boolean): FakeManifest =>
  multiArch ? index([realistic(mark, 'amd64'), realistic(mark, 'arm64')]) : realistic(mark, 'amd64');

/** docker-registry writes one such line a request, whatever it answered; pushes are not what is counted. */
const requestLine =
  /msg="response completed.*http\.request\.method=(?:GET|HEAD) .*http\.request\.uri="?([^\s"]+)/;
const pathsIn = (log: string): readonly string[] =>
  log.split('\n').flatMap((line) => requestLine.exec(line)?.[1] ?? []);
const dockerPlace = (registry: DockerRegistry): Place => ({
  push: (repository, manifest, tag) => pushManifest({ url: registry.url }, repository, manifest, tag),
  paths: () => pathsIn(registry.log()),
  stop: () => registry.stop(),
});
const doublePlace = (registry: FakeRegistry): Place => ({
  push: async (repository, manifest, tag) => void registry.push(repository, manifest, tag),
  paths: () => registry.requests.map(({ path }) => path),
  stop: () => registry.close(),
});

const repositoryIn = (path: string): string =>
  /^\/v2\/(.+)\/(?:manifests|blobs|referrers)\//.exec(path)?.[1] ?? '';

const placeOf = (host: string): Place => {
  const place = places.get(host);
  if (place === undefined) throw new Error(`no registry is open at ${host}`);
  return place;
};

/** As large as builders write it: two hundred dependencies. */
const provenance = {
  buildDefinition: {
    buildType: 'https://ci.example.com/build',
    externalParameters: {
      source: { repository: 'https://git.example.com/bench/app', ref: 'refs/tags/v1' },
    },
    resolvedDependencies: Array.from({ length: 200 }, (_, at) => ({
      uri: `pkg:npm/dependency-${at}@1.0.${at}`,
      digest: { sha256: String(at).padStart(64, '0') },
    })),
  },
  runDetails: { builder: { id: 'https://ci.example.com/builder' } },
};

let keyFolder: string | undefined;
let cosign: Cosign | undefined;
let key: CosignKey | undefined;
let sigstore: RunningSigstore | undefined;
const subject = 'release@acme.example';

const orders = {
  /** @returns its host */
  openDocker: async (): Promise<string> => {
    const registry = await startDockerRegistry();
    places.set(registry.host, dockerPlace(registry));
    return registry.host;
  },
  /** `only`: a part of the paths that have the fault. @returns its host */
  openDouble: async ({
    fault,
    only,
  }: {
    readonly fault?: FaultName;
    readonly only?: string;
  }): Promise<string> => {
    const registry = await startFakeRegistry();
    if (fault !== undefined) {
      const { scope, play } = faults[fault];
      registry.fault(only === undefined ? scope : { path: only }, play());
    }
    places.set(registry.host, doublePlace(registry));
    return registry.host;
  },
  fill: async ({
    host,
    repository,
    count,
    multiArch = false,
    platforms,
  }: Fill): Promise<readonly Filled[]> => {
    const place = placeOf(host);
    const filled: Filled[] = [];
    for (let number = 0; number < count; number++) {
      const path = `${repository}-${number}`;
      const mark = path.replaceAll('/', '-');
      const manifest = platforms === undefined ? made(mark, multiArch) : wide(mark, platforms);
      await place.push(path, manifest, 'v1');
      filledManifests.set(manifest.digest, manifest);
      filled.push({ name: `${host}/${path}:v1`, digest: manifest.digest });
    }
    return filled;
  },
  /** A key of cosign for {@link orders.sign}. */
  makeKey: async (): Promise<CosignKey> => {
    keyFolder ??= mkdtempSync(join(tmpdir(), 'imagegate-bench-keys-'));
    cosign ??= createCosign(3, { folder: keyFolder });
    return (key ??= await cosign.generateKey('release'));
  },
  /** A private instance of Sigstore for {@link orders.signKeyless}. */
  openSigstore: async (): Promise<KeylessSigner> => {
    if (keyFolder === undefined || cosign === undefined) throw new Error('no key was made');
    sigstore ??= await startSigstore(keyFolder, cosign);
    const { trustedRoot, trustedRootFile } = sigstore;
    return { trustedRoot, trustedRootFile, issuer: emailIssuer, subject };
  },
  signKeyless: async ({ images }: { readonly images: readonly string[] }): Promise<void> => {
    if (cosign === undefined || sigstore === undefined) throw new Error('no instance is open');
    const token = sigstore.issuers.token(emailIssuer, emailClaims(subject));
    for (const name of images) await cosign.signKeyless(name, token, sigstore);
  },
  /** By that key; names with their digests. */
  sign: async ({
    images,
    form,
  }: {
    readonly images: readonly string[];
    readonly form: SignatureForm;
  }): Promise<void> => {
    if (cosign === undefined || key === undefined) throw new Error('no key was made');
    for (const name of images) await cosign.sign(name, key, form);
  },
  /** Who signs in this process. */
  signers,
  /** Signs what was filled in, without a program of others. */
  signHere: async ({ images, ...signed }: Signed & { readonly images: readonly Filled[] }): Promise<void> => {
    for (const { name, digest } of images) {
      const [host = '', ...rest] = name.slice(0, name.lastIndexOf(':')).split('/');
      const image = filledManifests.get(digest);
      if (image === undefined) throw new Error(`${name} was not filled in`);
      for (const { manifest, tag } of candidatesFor(image, signed))
        await placeOf(host).push(rest.join('/'), manifest, tag);
    }
  },
  /** Attaches to each image its package list, in the form of CycloneDX. */
  attachLists: async ({
    images,
    lists,
  }: {
    readonly images: readonly Filled[];
    readonly lists: readonly string[];
  }): Promise<void> => {
    for (const [at, { name, digest }] of images.entries()) {
      const [host = '', ...rest] = name.slice(0, name.lastIndexOf(':')).split('/');
      const image = filledManifests.get(digest);
      const list = lists[at];
      if (image === undefined || list === undefined) throw new Error(`${name} was not filled in`);
      const attached = listFor(image, list);
      // The fallback tag holds it, so no registry needs the Referrers API.
      const fallback = index([attached], {
        descriptors: [{ ...attached.descriptor, artifactType: cycloneDxType }],
      });
      await placeOf(host).push(rest.join('/'), fallback, digest.replace(':', '-'));
    }
  },
  /** Attests provenance about them by that key, in a bundle. */
  attest: async ({ images }: { readonly images: readonly string[] }): Promise<void> => {
    if (cosign === undefined || key === undefined) throw new Error('no key was made');
    for (const name of images)
      await cosign.attest(name, key, 'bundle', { type: 'slsaprovenance1', predicate: provenance });
  },
  /** Requests to read anything, in all and of the repository that was asked most. */
  requests: ({
    host,
    repository = '',
  }: {
    readonly host: string;
    readonly repository?: string;
  }): Requests => {
    const each = new Map<string, number>();
    for (const path of placeOf(host).paths()) {
      const name = repositoryIn(path);
      if (name.startsWith(repository)) each.set(name, (each.get(name) ?? 0) + 1);
    }
    const counts = [...each.values()];
    return { total: counts.reduce((sum, count) => sum + count, 0), most: Math.max(0, ...counts) };
  },
};
export type RegistryOrders = typeof orders;

serveParent(orders, async () => {
  await sigstore?.stop();
  if (keyFolder !== undefined) rmSync(keyFolder, { recursive: true, force: true });
  await Promise.all([...places.values()].map((place) => place.stop()));
});
