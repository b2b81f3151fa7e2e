import { type Answer, answer, json, problem } from './registry-answer.ts';
import type { Arrival } from './registry-listener.ts';
import { mediaTypes } from './registry-content.ts';
import type { RegistryStore } from './registry-store.ts';

export type RouteKind = 'ping' | 'manifests' | 'blobs' | 'referrers' | 'tags' | 'other';
export interface Route {
  readonly kind: RouteKind;
  readonly repository?: string;
  /** A tag or a digest. */
  readonly reference: string;
}

export const readRoute = (path: string): Route => {
  if (path === '/v2/' || path === '/v2') return { kind: 'ping', reference: '' };
  const [, repository = '', kind = '', reference = ''] =
    path.match(/^\/v2\/(.+)\/(manifests|blobs|referrers|tags)\/([^/]+)$/) ?? [];
  if (kind === '' || (kind === 'tags' && reference !== 'list')) return { kind: 'other', reference };
  return { kind: kind as RouteKind, repository, reference };
};

export interface RouteOptions {
  /** Items on a page of tags or referrers, whatever `n` asks for. */
  readonly pageSize: () => number;
  readonly hasReferrers: () => boolean;
  /** `artifactType` filters the referrers, and `OCI-Filters-Applied` says so. */
  readonly filters: boolean;
  readonly anyAccept: boolean;
  /** A part of a blob is sent when one is asked for. */
  readonly hasRanges: () => boolean;
}

const digestForm = /^sha(256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})$/;

/** Answers what distribution-spec 1.1 says for reading. */
export const createRoutes = (store: RegistryStore, options: RouteOptions) => {
  const manifest = ({ repository = '', reference }: Route, { request }: Arrival): Answer => {
    const found = store.manifest(repository, reference);
    if (found === undefined) return problem(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    const accepted = (request.headers.accept ?? '').split(',').map((type) => type.split(';')[0]?.trim());
    if (!options.anyAccept && !accepted.includes(found.mediaType)) {
      // docker-registry 2.8 answers this way for OCI types; a client that forgets to accept a type must notice.
      return problem(404, 'MANIFEST_UNKNOWN', `manifest found, but accept header lacks ${found.mediaType}`);
    }
    const headers = { 'content-type': found.mediaType, 'docker-content-digest': found.digest };
    return answer(200, { ...headers, etag: `"${found.digest}"` }, found.bytes);
  };

  const blob = ({ repository = '', reference }: Route, { request }: Arrival): Answer => {
    if (!digestForm.test(reference)) return problem(400, 'DIGEST_INVALID', 'provided digest is malformed');
    const found = store.blob(repository, reference);
    if (found === undefined) return problem(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': reference };
    const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
    if (from === undefined || !options.hasRanges()) return answer(200, headers, found);
    if (Number(from) >= found.length) return answer(416, { 'content-range': `bytes */${found.length}` });
    const range = `bytes ${from}-${found.length - 1}/${found.length}`;
    return answer(206, { ...headers, 'content-range': range }, found.subarray(Number(from)));
  };

  const tags = ({ repository = '' }: Route, { url }: Arrival): Answer => {
    const all = store.tags(repository);
    if (all === undefined) return problem(404, 'NAME_UNKNOWN', 'repository name not known to registry');
    const last = url.searchParams.get('last') ?? '';
    const size = Math.min(Number(url.searchParams.get('n') ?? Infinity), options.pageSize());
    const rest = all.filter((tag) => tag > last);
    const page = rest.slice(0, size);
    const next = `${url.pathname}?last=${encodeURIComponent(page.at(-1) ?? '')}&n=${size}`;
    return json(200, { name: repository, tags: page }, page.length < rest.length ? linkTo(next) : {});
  };

  const referrers = ({ repository = '', reference }: Route, { url }: Arrival): Answer => {
    // What a registry without the API says for a path that it does not serve.
    if (!options.hasReferrers()) return answer(404, { 'content-type': 'text/plain' }, '404 page not found\n');
    if (!digestForm.test(reference)) return problem(400, 'DIGEST_INVALID', 'provided digest is malformed');
    const wanted = options.filters ? url.searchParams.get('artifactType') : null;
    const all = store
      .referrers(repository, reference)
      .filter(({ artifactType }) => wanted === null || artifactType === wanted);
    const page = Number(url.searchParams.get('page') ?? '1');
    const size = options.pageSize();
    const next = new URLSearchParams({ ...Object.fromEntries(url.searchParams), page: String(page + 1) });
    return json(
      200,
      {
        schemaVersion: 2,
        mediaType: mediaTypes.ociIndex,
        manifests: all.slice((page - 1) * size, page * size),
      },
      {
        'content-type': mediaTypes.ociIndex,
        ...(wanted !== null && { 'oci-filters-applied': 'artifactType' }),
        ...(page * size < all.length && linkTo(`${url.pathname}?${next.toString()}`)),
      },
    );
  };

  return (route: Route, arrival: Arrival): Answer => {
    const { method } = arrival.request;
    if (method !== 'GET' && method !== 'HEAD') {
      return problem(405, 'UNSUPPORTED', 'this registry is filled from within');
    }
    if (route.kind === 'ping') return json(200, {}, { 'docker-distribution-api-version': 'registry/2.0' });
    if (route.kind === 'manifests') return manifest(route, arrival);
    if (route.kind === 'blobs') return blob(route, arrival);
    if (route.kind === 'tags') return tags(route, arrival);
    if (route.kind === 'referrers') return referrers(route, arrival);
    return answer(404, { 'content-type': 'text/plain' }, '404 page not found\n');
  };
};

const linkTo = (target: string) => ({ link: `<${target}>; rel="next"` });
