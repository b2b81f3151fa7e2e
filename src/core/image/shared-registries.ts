import { isDockerHubName } from './registry-host.ts';

/** A registry on which many parties publish, and who they are. */
export interface SharedRegistry {
  readonly who: string;
  /** True when the first path component names the owner, so a literal first component narrows to one party. */
  readonly ownedByFirstComponent: boolean;
}

const owned = (who: string): SharedRegistry => ({ who, ownedByFirstComponent: true });
const GOOGLE = owned('anyone with a Google Cloud project');
const GITHUB = owned('anyone with a GitHub account');

const BY_HOST: ReadonlyMap<string, SharedRegistry> = new Map([
  ['quay.io', owned('anyone with a Red Hat account')],
  ['ghcr.io', GITHUB],
  ['docker.pkg.github.com', GITHUB],
  ['gcr.io', GOOGLE],
  ['us.gcr.io', GOOGLE],
  ['eu.gcr.io', GOOGLE],
  ['asia.gcr.io', GOOGLE],
  ['mirror.gcr.io', owned('anyone with a Docker account, through a mirror of Docker Hub,')],
  ['public.ecr.aws', owned('anyone with an AWS account')],
  ['registry.gitlab.com', owned('anyone with a GitLab account')],
  ['codeberg.org', owned('anyone with a Codeberg account')],
  ['registry.digitalocean.com', owned('anyone with a DigitalOcean account')],
  ['icr.io', owned('anyone with an IBM Cloud account')],
  ['ttl.sh', { who: 'anyone, without any account,', ownedByFirstComponent: false }],
  ['mcr.microsoft.com', { who: 'every product group of Microsoft', ownedByFirstComponent: true }],
]);

const BY_ZONE: readonly (readonly [string, SharedRegistry])[] = [
  ['.pkg.dev', GOOGLE],
  ['.ocir.io', owned('anyone with an Oracle Cloud account')],
  ['.icr.io', owned('anyone with an IBM Cloud account')],
];

/** Public registries whose namespaces anyone, or nearly anyone, can open; undefined for a registry of one owner. */
export const sharedRegistry = (hostname: string): SharedRegistry | undefined => {
  if (isDockerHubName(hostname)) return owned('anyone with a Docker account');
  return BY_HOST.get(hostname) ?? BY_ZONE.find(([zone]) => hostname.endsWith(zone))?.[1];
};
