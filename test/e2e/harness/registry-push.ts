import { ask, basic, type RawAnswer, type RawRequest } from '../../fakes/registry/registry-client.ts';
import type { FakeManifest } from '../../fakes/registry/registry-content.ts';

/** Where to push and as whom; a token is fetched where the registry asks for one. */
export interface PushTarget {
  readonly url: string;
  readonly ca?: string;
  readonly user?: string;
  readonly password?: string;
}

type Request = (path: string, request: RawRequest) => Promise<RawAnswer>;

/**
 * Pushes a manifest with its blobs and children by the requests of distribution-spec 1.1, so that also what no tool
 * would push arrives as it is.
 */
export const pushManifest = async (
  target: PushTarget,
  repository: string,
  manifest: FakeManifest,
  ...tags: readonly string[]
): Promise<void> => {
  const request = await signedIn(target, repository);
  await pushAll(request, repository, manifest);
  for (const tag of tags) await putManifest(request, repository, manifest, tag);
};

const pushAll = async (request: Request, repository: string, manifest: FakeManifest): Promise<void> => {
  for (const blob of manifest.blobs) await pushBlob(request, repository, blob.digest, blob.bytes);
  for (const child of manifest.children) await pushAll(request, repository, child);
  await putManifest(request, repository, manifest, manifest.digest);
};

const pushBlob = async (
  request: Request,
  repository: string,
  digest: string,
  bytes: Buffer,
): Promise<void> => {
  const started = await request(`/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(started.headers.location ?? '', 'http://relative');
  location.searchParams.set('digest', digest);
  const done = await request(`${location.pathname}${location.search}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
    body: bytes,
  });
  if (done.status !== 201) throw new Error(`blob ${digest}: ${done.status} ${done.body.toString()}`);
};

const putManifest = async (
  request: Request,
  repository: string,
  { mediaType, bytes }: FakeManifest,
  reference: string,
): Promise<void> => {
  const { status, body } = await request(`/v2/${repository}/manifests/${reference}`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: bytes,
  });
  if (status !== 201) throw new Error(`manifest ${reference}: ${status} ${body.toString()}`);
};

const signedIn = async (target: PushTarget, repository: string): Promise<Request> => {
  const { url, ca, user, password = '' } = target;
  const trust = ca === undefined ? {} : { ca };
  const { headers } = await ask(`${url}/v2/`, trust);
  const authorization = await authorizationFor(headers['www-authenticate'], repository, {
    ...trust,
    ...(user !== undefined && { headers: { authorization: basic(user, password) } }),
  });
  return (path, request) =>
    ask(`${url}${path}`, { ...trust, ...request, headers: { ...request.headers, ...authorization } });
};

const authorizationFor = async (
  challenge: string | undefined,
  repository: string,
  asWho: RawRequest,
): Promise<Readonly<Record<string, string>>> => {
  if (!challenge?.startsWith('Bearer ')) return asWho.headers ?? {};
  const [, realm = ''] = /realm="([^"]+)"/.exec(challenge) ?? [];
  const [, service = ''] = /service="([^"]+)"/.exec(challenge) ?? [];
  const query = new URLSearchParams({ service, scope: `repository:${repository}:pull,push` });
  const { body } = await ask(`${realm}?${query.toString()}`, asWho);
  return { authorization: `Bearer ${(JSON.parse(body.toString()) as { token: string }).token}` };
};
