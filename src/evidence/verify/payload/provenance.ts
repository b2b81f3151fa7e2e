import type { AttestationClaim } from '../../../core/facts/claim.ts';
import {
  isJsonObject,
  objectOf,
  textOf,
  type JsonObject,
  type JsonValue,
} from '../../../core/text/json/json.ts';

type Provenance = NonNullable<AttestationClaim['provenance']>;

/** Where something was built from: a repository, and what of it. */
interface Source {
  readonly repository: string;
  readonly ref: string;
}

/** Names of one build, and the length of each: a claim is kept for long, so it is small. */
const maxNamed = 32;
const maxLength = 1024;

/** `git+https://host/path@refs/tags/v1` of SLSA, or `https://host/path.git#refs/tags/v1` of BuildKit. */
const sourceOfUri = (uri: string): Source => {
  const bare = uri.startsWith('git+') ? uri.slice('git+'.length) : uri;
  const hash = bare.indexOf('#');
  if (hash >= 0) return { repository: bare.slice(0, hash), ref: bare.slice(hash + 1).split(':', 1)[0] ?? '' };
  // The `@` of a user or a port stands before the path.
  const path = bare.indexOf('/', bare.indexOf('://') + '://'.length);
  const at = path < 0 ? -1 : bare.indexOf('@', path);
  return at < 0 ? { repository: bare, ref: '' } : { repository: bare.slice(0, at), ref: bare.slice(at + 1) };
};

/** What a builder names as its source: a URI, or an object with it, or with repository and ref apart. */
const sourceOf = (named: JsonValue | undefined): Source | undefined => {
  if (typeof named === 'string') return sourceOfUri(named);
  if (!isJsonObject(named)) return undefined;
  const repository = textOf(named['repository']);
  if (repository === '') return typeof named['uri'] === 'string' ? sourceOfUri(named['uri']) : undefined;
  const source = sourceOfUri(repository);
  const ref = textOf(named['ref']);
  return ref === '' ? source : { ...source, ref };
};

/** Where the builders of SLSA v1 name what they were told to build: GitHub, Google Cloud Build, BuildKit, GitLab. */
const parameters = ['workflow', 'buildConfigSource', 'configSource', 'source'] as const;

const gitDependencies = (dependencies: JsonValue | undefined): readonly Source[] =>
  (Array.isArray(dependencies) ? (dependencies as readonly JsonValue[]) : [])
    .map((one) => textOf(objectOf(one)['uri']))
    .filter((uri) => uri.startsWith('git+'))
    .map(sourceOfUri);

/**
 * What was asked to be built. Dependencies are named only by a builder that says nothing else: they hold other people's
 * repositories too, and one of them must not stand for the source.
 */
const sourcesOf = (
  named: readonly (Source | undefined)[],
  dependencies: JsonValue | undefined,
): readonly Source[] => {
  const sources = named.filter((source) => source !== undefined);
  return sources.length > 0 ? sources : gitDependencies(dependencies);
};

/**
 * Each text once, or none. A policy wants each to be in its list, and names nobody without one. Attack: a stranger's name
 * behind as many good ones as are kept, or one of which the part that is kept fits, or a repository without a ref beside one
 * with a good ref.
 */
const distinct = (texts: readonly string[]): readonly string[] => {
  const all = [...new Set(texts)];
  const isWhole = all.length <= maxNamed && all.every((text) => text !== '' && text.length <= maxLength);
  return isWhole ? all : [];
};

const provenanceWith = (builder: string, sources: readonly Source[]): Provenance => ({
  ...(builder !== '' && builder.length <= maxLength && { builder }),
  sources: distinct(sources.map(({ repository }) => repository)),
  refs: distinct(sources.map(({ ref }) => ref)),
});

const readers: Readonly<Record<string, (predicate: JsonObject) => Provenance>> = {
  // https://slsa.dev/spec/v0.2/provenance
  'https://slsa.dev/provenance/v0.2': ({ builder, invocation, materials }) =>
    provenanceWith(
      textOf(objectOf(builder)['id']),
      sourcesOf([sourceOf(objectOf(invocation)['configSource'])], materials),
    ),
  // https://slsa.dev/spec/v1.1/provenance
  'https://slsa.dev/provenance/v1': ({ buildDefinition, runDetails }) => {
    const definition = objectOf(buildDefinition);
    const external = objectOf(definition['externalParameters']);
    return provenanceWith(
      textOf(objectOf(objectOf(runDetails)['builder'])['id']),
      sourcesOf(
        parameters.map((name) => sourceOf(external[name])),
        definition['resolvedDependencies'],
      ),
    );
  },
};

/** What SLSA provenance says of builder and source: the word of the signer (S7). None for other predicates. */
export const provenanceOf = (predicateType: string, predicate: JsonObject): Provenance | undefined =>
  Object.hasOwn(readers, predicateType) ? readers[predicateType]?.(predicate) : undefined;
