import { ok, type Result } from '../result.ts';
import { compilePath, matchesPath, type PathGlob } from './path-glob.ts';
import { parsePattern, type PatternProblem } from './pattern-syntax.ts';
import type { ImageReference } from './reference.ts';
import { dockerHub, isDockerHubName, type RegistryHost } from './registry-host.ts';

/** Where a pattern stands in a policy. `allow` and `platform` fence, so they match narrowly; `deny` and `match`
 *  (the policy's `match.images`) cover, so they match widely (R6). */
export type PatternUse = 'allow' | 'platform' | 'deny' | 'match';

/** A compiled pattern over registry host and repository path, such as `registry.example.com/team/**`. */
export interface ImagePattern {
  readonly text: string;
  readonly use: PatternUse;
  /** Absent in the pattern `**`, which matches every image. */
  readonly registry?: RegistryHost;
  readonly path: string;
  readonly glob: PathGlob;
  readonly isWide: boolean;
}

/**
 * Compiles a pattern or refuses it with a reason and, where there is one, a better text.
 * @see docs/image-patterns.md
 * @example
 * compilePattern('registry.example.com/team/**', 'allow').ok // true
 * compilePattern('nginx', 'allow').error.suggestion // 'docker.io/library/nginx'
 */
export const compilePattern = (text: string, use: PatternUse): Result<ImagePattern, PatternProblem> => {
  const parsed = parsePattern(text);
  if (!parsed.ok) return parsed;
  const isWide = use === 'deny' || use === 'match';
  return ok({ text, use, ...parsed.value, glob: compilePath(parsed.value.path), isWide });
};

const withoutZeros = (port: string): string => {
  let start = 0;
  while (start < port.length - 1 && port[start] === '0') start += 1;
  return port.slice(start);
};
const portNumber = (port: string | undefined): string | undefined =>
  port === undefined ? undefined : withoutZeros(port);

/** `host:0443` reaches the registry at 443, so a deny list must not be fooled by zeros, however many. */
const coversPort = (registry: RegistryHost, reference: ImageReference): boolean =>
  registry.port === undefined || portNumber(registry.port) === portNumber(reference.port);

/** Deny and match only: every port unless one is written, and for docker.io every name of Docker Hub. There a
 *  name without `library/` is the official image also where the parser, rightly, does not add it. */
const matchesWidely = (pattern: ImagePattern, registry: RegistryHost, reference: ImageReference): boolean => {
  if (!coversPort(registry, reference)) return false;
  const { hostname, repository } = reference;
  const isHub = registry.hostname === dockerHub.hostname && isDockerHubName(hostname);
  if (!isHub) return registry.hostname === hostname && matchesPath(pattern.glob, repository);
  if (matchesPath(pattern.glob, repository)) return true;
  return !repository.includes('/') && matchesPath(pattern.glob, `library/${repository}`);
};

/** True when the pattern matches the image. Compares parsed components, never text (B20): the host of a
 *  pattern in an allow list is the whole host, port included. */
export const matchesPattern = (pattern: ImagePattern, reference: ImageReference): boolean => {
  const { registry } = pattern;
  if (registry === undefined) return true;
  if (pattern.isWide) return matchesWidely(pattern, registry, reference);
  return registry.host === reference.host && matchesPath(pattern.glob, reference.repository);
};
