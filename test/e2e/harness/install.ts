import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin } from './install-command.ts';
import { findOrUnpack } from './install-debian.ts';
import { buildGo } from './install-go.ts';

/** Where the real parts of the cluster lie. */
export interface Parts {
  readonly etcd: string;
  readonly apiServer: string;
  readonly controllerManager: string;
  readonly kubectl: string;
}
/** Where the real registries and their tools lie. */
export interface RegistryParts {
  readonly dockerRegistry: string;
  /** go-containerregistry's, which has the Referrers API. */
  readonly goRegistry: string;
  /** Turns lines `user:password` into those that docker-registry reads. */
  readonly htpasswd: string;
  readonly skopeo: string;
  readonly umoci: string;
  /** Copies images with their referrers. */
  readonly oras: string;
}

const here = join(import.meta.dirname, '..');
const tools = join(here, 'tools');
const kubernetesPrograms = ['kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
const registryPrograms = ['go-registry', 'go-htpasswd'] as const;
export const kubernetes = readFileSync(join(tools, 'go.mod'), 'utf8').match(
  /k8s\.io\/kubernetes (v[\d.]+)/,
)![1]!;

/** Makes sure that every part is there: finds it, builds it or fails with the one line that would help. Never skips. */
export const installParts = (): Parts => {
  const etcd = findOrUnpack({ program: 'etcd', package: 'etcd-server' });
  buildGo({
    name: 'kubernetes',
    module: tools,
    packages: kubernetesPrograms.map((name) => `k8s.io/kubernetes/cmd/${name}`),
    programs: kubernetesPrograms,
    linkerFlags: kubernetesFlags(),
    remark: `${kubernetes}; about five minutes on two cores`,
  });
  return {
    etcd,
    apiServer: join(bin, 'kube-apiserver'),
    controllerManager: join(bin, 'kube-controller-manager'),
    kubectl: join(bin, 'kubectl'),
  };
};

/** As {@link installParts}; costs nothing when everything is there. */
export const installRegistryParts = (): RegistryParts => {
  buildGo({
    name: 'registry',
    module: join(here, 'tools-registry'),
    packages: registryPrograms.map((name) => `./${name}`),
    programs: registryPrograms,
  });
  buildGo({
    name: 'oras',
    module: join(here, 'tools-oras'),
    packages: ['oras.land/oras/cmd/oras'],
    programs: ['oras'],
  });
  return {
    dockerRegistry: findOrUnpack({ program: 'docker-registry', package: 'docker-registry' }),
    goRegistry: join(bin, 'go-registry'),
    htpasswd: join(bin, 'go-htpasswd'),
    skopeo: findOrUnpack({ program: 'skopeo', package: 'skopeo' }),
    umoci: findOrUnpack({ program: 'umoci', package: 'umoci' }),
    oras: join(bin, 'oras'),
  };
};

/** Without a version in them the server says v0.0.0 and kubectl can not parse it. */
const kubernetesFlags = (): string => {
  const [major, minor] = kubernetes.slice(1).split('.');
  const values = { gitVersion: kubernetes, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  const settings = Object.entries(values).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  );
  return ['-s', '-w', ...settings].join(' ');
};
