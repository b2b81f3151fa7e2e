import { parseDigest, type Digest } from '../../../core/image/digest.ts';
import { isPath, isTag } from '../../../core/image/grammar.ts';
import type {
  Credential,
  ManifestName,
  ReadBudget,
  RegistryStage,
  Repository,
} from '../../../evidence/ports.ts';
import type { Subject } from './failure.ts';

/** A repository at one host, the origin or a mirror, and the credential that reads it. */
export interface ReadTarget extends Repository {
  readonly credential: Credential;
  readonly budget: ReadBudget;
}

/** Attack: a repository name leaves its path (`..`), or ends the request line. So only valid names become a path. */
const whyNotPath = (repository: string): string | undefined =>
  isPath(repository) ? undefined : 'that is no repository name';

/** `/v2/<repository>/manifests/<reference>`, or why there is none. */
export const manifestPath = (
  { repository }: Repository,
  name: ManifestName,
): { readonly path: string } | { readonly why: string } => {
  const reference = 'tag' in name ? name.tag : name.digest;
  const isFit = 'tag' in name ? isTag(reference) : parseDigest(reference).ok;
  const why = whyNotPath(repository) ?? (isFit ? undefined : 'that is neither a tag nor a digest');
  return why === undefined ? { path: `/v2/${repository}/manifests/${reference}` } : { why };
};

/** `/v2/<repository>/<rest>`, or why there is none. */
const pathIn = (
  { repository }: Repository,
  rest: string,
): { readonly path: string } | { readonly why: string } => {
  const why = whyNotPath(repository);
  return why === undefined ? { path: `/v2/${repository}/${rest}` } : { why };
};

/** `/v2/<repository>/<kind>/<digest>`, or why there is none. */
export const digestPath = (
  repository: Repository,
  kind: 'blobs' | 'referrers',
  digest: Digest,
): ReturnType<typeof pathIn> => {
  const parsed = parseDigest(digest);
  return parsed.ok ? pathIn(repository, `${kind}/${digest}`) : { why: parsed.error };
};

export const nameOf = ({ repository }: Repository, name: ManifestName): string =>
  'tag' in name ? `${repository}:${name.tag}` : `${repository}@${name.digest}`;

export const subjectOf = ({ host }: Repository, stage: RegistryStage, what: string): Subject => ({
  host,
  stage,
  what,
});
