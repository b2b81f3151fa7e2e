import { ok, type Result } from '../result.ts';
import { parseDigest, type Digest } from './digest.ts';
import { isIdentifier, isPath, isTag, maxReferenceLength, maxRepositoryLength } from './grammar.ts';
import {
  refuse,
  refuseHost,
  refuseRepository,
  refuseTag,
  type InvalidReference,
} from './invalid-reference.ts';
import {
  dockerHub,
  formatRepository,
  hasHubDefaults,
  namesHost,
  parseHost,
  type RegistryHost,
} from './registry-host.ts';

/** A text naming an image, parsed once: registry, repository, tag, digest, with the Docker Hub defaults applied. */
export interface ImageReference {
  /** As written in the workload. */
  readonly given: string;
  /** Lower case, the port included if written: `docker.io`, `registry.example.com:5000`, `[::1]:5000`. */
  readonly host: string;
  readonly hostname: string;
  readonly port?: string;
  /** False for short names (`nginx`, `library/nginx`): CRI-O and Podman look up their registry on the node. */
  readonly hostWritten: boolean;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

type Draft = { -readonly [Key in keyof ImageReference]: ImageReference[Key] };

/** `nginx` on Docker Hub is `library/nginx`; elsewhere, and where Docker Hub is spelt otherwise, a path is what it says. */
const completeRepository = (hasDefaults: boolean, path: string): string =>
  hasDefaults && !path.includes('/') ? `library/${path}` : path;

/** Takes apart what follows the host, which is `written` unless the text names none; fields are set one by one because spreading halves the rate. */
const parseRemainder = (
  given: string,
  registry: RegistryHost,
  remainder: string,
  written: string | undefined,
): Result<ImageReference, InvalidReference> => {
  const at = remainder.indexOf('@');
  const name = at < 0 ? remainder : remainder.slice(0, at);
  const colon = name.indexOf(':');
  const path = colon < 0 ? name : name.slice(0, colon);
  const repository = completeRepository(written === undefined || hasHubDefaults(written), path);
  if (!isPath(path) || repository.length > maxRepositoryLength) return refuseRepository(path);
  const { host, hostname, port } = registry;
  const draft: Draft = { given, host, hostname, hostWritten: written !== undefined, repository };
  if (port !== undefined) draft.port = port;
  if (colon >= 0) {
    const tag = name.slice(colon + 1);
    if (!isTag(tag)) return refuseTag(tag);
    draft.tag = tag;
  }
  if (at >= 0) {
    const digest = parseDigest(remainder.slice(at + 1));
    if (!digest.ok) return refuse('digest', remainder.slice(at + 1), digest.error);
    draft.digest = digest.value;
  }
  return ok(draft);
};

const digestPrefix = /^sha(?:256|384|512):[0-9a-f]{1,128}$/;
/**
 * Whether runtimes take the text for the id of an image that lies on the node, whosever it is, whole or cut. By the
 * grammar `sha256:1f3a` is a tag of `docker.io/library/sha256`; containerd looks the text up among its ids, of which the
 * first digits are enough (internal/cri/server/images, `LocalResolve`; go-digest, digestset, `Lookup`). Attack: an image
 * of another registry, pulled there by somebody else, under a name that an allow list for Docker Hub takes.
 */
const isImageId = (text: string): boolean => isIdentifier(text) || digestPrefix.test(text);

/**
 * Reads an image reference as the container runtimes do: `nginx` is `docker.io/library/nginx`, `index.docker.io` is
 * `docker.io`, tag and digest may stand together. At most 4,096 characters; never throws.
 * Stricter than the grammar in two places (R6b): `a_b.com/x` is an invalid host, not a path on Docker Hub, and a digest
 * alone is no name.
 * @returns the offending part and a reason when the text is no reference
 * @see https://pkg.go.dev/github.com/distribution/reference, ParseNormalizedNamed and ParseDockerRef
 * @example
 * parseReference('nginx').value.repository // 'library/nginx'
 * parseReference('registry.example.com:5000/team/app:1.2').value.tag // '1.2'
 * parseReference('a_b.com/x').ok // false
 */
export const parseReference = (text: string): Result<ImageReference, InvalidReference> => {
  if (text === '') return refuse('reference', text, 'the image reference is empty');
  if (text.length > maxReferenceLength) {
    return refuse('reference', text, `an image reference has at most ${maxReferenceLength} characters`);
  }
  if (isImageId(text)) {
    return refuse(
      'reference',
      text,
      'a digest alone, or its 64 hexadecimal digits, is an image id, not a name',
    );
  }
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  if (!namesHost(first)) return parseRemainder(text, dockerHub, text, undefined);
  const following = text.slice(slash + 1);
  const registry = parseHost(first);
  if (registry === undefined) return refuseHost(first, following);
  return parseRemainder(text, registry, following, first);
};

/**
 * The full normalised name, with what the runtime would use: tag `latest` when neither tag nor digest is given.
 * @example
 * formatReference(parseReference('nginx').value) // 'docker.io/library/nginx:latest'
 */
export const formatReference = (reference: ImageReference): string => {
  const { host, repository, tag, digest } = reference;
  const name = formatRepository(host, repository);
  if (digest === undefined) return `${name}:${tag ?? 'latest'}`;
  return `${name}${tag === undefined ? '' : `:${tag}`}@${digest}`;
};
