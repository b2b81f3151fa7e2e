import { isDockerHubName } from './registry-host.ts';

/** A registry on which many parties publish, and who they are. */
interface SharedRegistry {
  readonly who: string;
  /** True when the first path component names the owner, so a literal first component narrows to one party. */
  readonly ownedByFirstComponent: boolean;
}

const owned = (who: string): SharedRegistry => ({ who, ownedByFirstComponent: true });
const googleUsers = owned('anyone with a Google Cloud project');
const githubUsers = owned('anyone with a GitHub account');

const byHost: ReadonlyMap<string, SharedRegistry> = new Map([
  ['quay.io', owned('anyone with a Red Hat account')],
  ['ghcr.io', githubUsers],
  ['docker.pkg.github.com', githubUsers],
  ['gcr.io', googleUsers],
  ['us.gcr.io', googleUsers],
  ['eu.gcr.io', googleUsers],
  ['asia.gcr.io', googleUsers],
  ['mirror.gcr.io', owned('anyone with a Docker account, through a mirror of Docker Hub,')],
  ['public.ecr.aws', owned('anyone with an AWS account')],
  ['registry.gitlab.com', owned('anyone with a GitLab account')],
  ['codeberg.org', owned('anyone with a Codeberg account')],
  ['registry.digitalocean.com', owned('anyone with a DigitalOcean account')],
  ['icr.io', owned('anyone with an IBM Cloud account')],
  ['ttl.sh', { who: 'anyone, without any account,', ownedByFirstComponent: false }],
  ['mcr.microsoft.com', { who: 'every product group of Microsoft', ownedByFirstComponent: true }],
]);

const byZone: readonly (readonly [string, SharedRegistry])[] = [
  ['.pkg.dev', googleUsers],
  ['.ocir.io', owned('anyone with an Oracle Cloud account')],
  ['.icr.io', owned('anyone with an IBM Cloud account')],
];

/** Public registries whose namespaces anyone, or nearly anyone, can open; undefined for a registry of one owner. */
export const sharedRegistry = (hostname: string): SharedRegistry | undefined => {
  if (isDockerHubName(hostname)) return owned('anyone with a Docker account');
  return byHost.get(hostname) ?? byZone.find(([zone]) => hostname.endsWith(zone))?.[1];
};
