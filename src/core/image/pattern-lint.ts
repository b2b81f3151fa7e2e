import { isPath } from './grammar.ts';
import type { ImagePattern } from './pattern.ts';
import { dockerHub, formatHost, isBareHost, isDockerHubName, type RegistryHost } from './registry-host.ts';
import { sharedRegistry } from './shared-registries.ts';

/** A pattern with a host, its path in components. */
interface Subject {
  readonly pattern: ImagePattern;
  readonly registry: RegistryHost;
  readonly components: readonly string[];
}

type Warning = (subject: Subject) => string | undefined;

const isPartlyWild = (component: string): boolean => component.includes('*') && !/^\*+$/.test(component);
const hostText = (registry: RegistryHost): string => formatHost(registry.host);

/** An image name that somebody else may choose and that the component matches: team* and team-evil. */
const intruderOf = (component: string): string =>
  component.split('*').reduce((left, right) => {
    const before = /[a-z0-9]$/.test(left) ? '-' : '';
    const after = /^[a-z0-9]/.test(right) ? '-' : '';
    return `${left}${before}evil${after}${right}`;
  });

const everyImage = (pattern: ImagePattern): string[] => {
  if (pattern.use === 'match') return [];
  if (pattern.use === 'deny') {
    return [
      '** in deny refuses every image, those of the allow list too, because deny wins; write allow: [] to allow nothing beyond platform.',
    ];
  }
  return [
    `** in ${pattern.use} trusts every image of every registry, so the check fences nothing; write host/team/** for each place that you trust.`,
  ];
};

const wholeSharedRegistry: Warning = ({ pattern, registry, components }) => {
  const shared = sharedRegistry(registry.hostname);
  const first = components[0] ?? '';
  if (pattern.isWide || shared === undefined) return undefined;
  const instead = `write ${hostText(registry)}/your-organisation/** instead`;
  if (!shared.ownedByFirstComponent) {
    return `${pattern.text} trusts a registry on which ${shared.who} can push; copy the image to a registry of your own instead.`;
  }
  if (!first.includes('*')) return undefined;
  if (isPartlyWild(first)) {
    return `${pattern.text} also trusts ${hostText(registry)}/${intruderOf(first)}, and ${shared.who} can open such a name there; ${instead}.`;
  }
  return `${pattern.text} trusts every owner on ${hostText(registry)}, and ${shared.who} can push there; ${instead}.`;
};

/** Below a shared registry's owner, and in the last component, only one's own people choose names. */
const wildcardInTeamName: Warning = ({ pattern, registry, components }) => {
  if (pattern.isWide) return undefined;
  const from = sharedRegistry(registry.hostname) === undefined ? 0 : 1;
  const component = components.slice(from, -1).find(isPartlyWild);
  if (component === undefined) return undefined;
  return `${component} in ${pattern.text} also matches ${intruderOf(component)}, because * stops only at the next slash; list the names one by one, or end them at a slash.`;
};

const oneLevelOnly: Warning = ({ pattern, registry, components }) => {
  const last = components.at(-1);
  const isWholeHost = components.length === 1 && last === '*';
  const isDeniedTree = pattern.use === 'deny' && last === '*';
  const isHub = registry.host === dockerHub.host; // its repositories are two components deep, never more
  if (isHub || (!isWholeHost && !isDeniedTree)) return undefined;
  const parent = [hostText(registry), ...components.slice(0, -1)].join('/');
  const verb = { allow: 'allows', platform: 'allows', deny: 'denies', match: 'matches' }[pattern.use];
  return `${pattern.text} is narrower than it looks: it ${verb} ${parent}/app but not ${parent}/team/app, because * stays within one component; write ${parent}/** to cover every level.`;
};

const portInPattern: Warning = ({ pattern, registry }) => {
  const { port, hostname } = registry;
  if (port === undefined) return undefined;
  if (pattern.isWide) {
    return `${pattern.text} covers port ${port} of ${hostname} only, so the same registry under another port, or without one, is not covered; leave the port out to cover all of them.`;
  }
  if (port !== '443' && port !== '80') return undefined;
  return `${pattern.text} matches only images that are written with :${port}, although clients use that port by themselves; leave the port out if your images are written without it.`;
};

const nameOfDockerHub: Warning = ({ pattern, registry }) => {
  if (registry.hostname === dockerHub.hostname || !isDockerHubName(registry.hostname)) return undefined;
  if (pattern.isWide) {
    return `${pattern.text} covers one name of Docker Hub only, and the same images are reachable under others; write docker.io, which covers them all in ${pattern.use}.`;
  }
  return `${pattern.text} matches only images that are written with ${registry.hostname}, while nginx and docker.io/library/nginx are compared as docker.io; write docker.io unless you mean this.`;
};

const bareHost: Warning = ({ pattern, registry }) =>
  isBareHost(registry.host)
    ? `${pattern.text} names the host ${registry.host} without a domain, so every node decides what that is; write the full host name.`
    : undefined;

/** What a wildcard component may still become: its `*` replaced by a letter, or by nothing where that is legal. */
const canBeComponent = (component: string): boolean =>
  isPath(component.replace(/\*+/g, 'a')) || isPath(component.replace(/\*+/g, ''));

const neverMatches: Warning = ({ pattern, components }) => {
  const broken = components.find((component) => !canBeComponent(component));
  if (broken === undefined) return undefined;
  return `${pattern.text} can never match an image, because no repository has the component ${broken}; components consist of a-z and 0-9 with one dot, one or two underscores or dashes in between.`;
};

const warningRules: readonly Warning[] = [
  neverMatches,
  wholeSharedRegistry,
  wildcardInTeamName,
  oneLevelOnly,
  portInPattern,
  nameOfDockerHub,
  bareHost,
];

/** Warnings about a pattern that is wider, or narrower, than it looks: sentences that say what, why and what instead. */
export const lintPattern = (pattern: ImagePattern): readonly string[] => {
  const { registry } = pattern;
  if (registry === undefined) return everyImage(pattern);
  const subject = { pattern, registry, components: pattern.path.split('/') };
  return warningRules.flatMap((warning) => warning(subject) ?? []);
};
