import { gzipSync } from 'node:zlib';
import { type Answer, answer, problem } from './registry-answer.ts';
import type { FakeManifest } from './registry-content.ts';
import type { Fault, FaultedExchange } from './registry-fault.ts';

/** Faults of what is said. Those of how the bytes travel are in registry-wire-faults.ts. */

/** Changes a true answer of 200 and lets every other pass, a challenge for instance. */
const onSuccess =
  (change: (truth: Answer, exchange: FaultedExchange) => Answer): Fault =>
  (exchange) => {
    const truth = exchange.truth();
    exchange.send(truth.status === 200 ? change(truth, exchange) : truth);
  };

/** An answer with this status, whatever was asked. */
export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Fault =>
  ({ send }) =>
    send(problem(code, code === 429 ? 'TOOMANYREQUESTS' : 'UNKNOWN', `${code} on purpose`, headers));

/** 429 with `Retry-After`: seconds, or a date. */
export const tooManyRequests = (retryAfter: number | Date): Fault =>
  status(429, { 'retry-after': retryAfter instanceof Date ? retryAfter.toUTCString() : String(retryAfter) });

/** 401 with this `WWW-Authenticate`: another realm, an http one, or nonsense. Absent: without the header. */
export const challenge = (header?: string): Fault =>
  status(401, header === undefined ? {} : { 'www-authenticate': header });

/** To any URL; `{path}` in it stands for the path and query that were asked for. */
export const redirect =
  (to: string, code = 307): Fault =>
  ({ url, send }) =>
    send(answer(code, { location: to.replace('{path}', `${url.pathname}${url.search}`) }));

/** To itself, for ever. */
export const redirectLoop = (): Fault => redirect('{path}');

/** The true answer with these headers instead; `undefined` takes one away. */
export const withHeaders = (headers: Readonly<Record<string, string | undefined>>): Fault =>
  onSuccess((truth) => {
    const all = Object.entries({ ...truth.headers, ...headers });
    const kept = all.filter((entry): entry is [string, string] => entry[1] !== undefined);
    return { ...truth, headers: Object.fromEntries(kept) };
  });

/** Another digest in `Docker-Content-Digest` than the bytes have. */
export const lyingDigest = (digest: string): Fault => withHeaders({ 'docker-content-digest': digest });

/** Other bytes under the true headers. */
export const withBody = (body: string | Uint8Array): Fault =>
  onSuccess((truth) => ({ ...truth, body: Buffer.from(body as Uint8Array) }));

const serving = (manifest: FakeManifest): Answer =>
  answer(
    200,
    { 'content-type': manifest.mediaType, 'docker-content-digest': manifest.digest },
    manifest.bytes,
  );

/** Another manifest at each call, in turn, each with its own right headers. */
export const flipping = (...manifests: readonly [FakeManifest, ...FakeManifest[]]): Fault => {
  let calls = 0;
  return onSuccess(() => serving(manifests[calls++ % manifests.length] ?? manifests[0]));
};

/** A next page, for ever: the same content under a new `page` each time. */
export const endlessPages = (): Fault =>
  onSuccess((truth, { url }) => {
    const page = Number(url.searchParams.get('page') ?? '1');
    return linked(truth, `${url.pathname}?page=${page + 1}`);
  });

/** A page whose next page is itself. */
export const selfLinkedPage = (): Fault =>
  onSuccess((truth, { url }) => linked(truth, `${url.pathname}${url.search}`));

/** A page whose next page lies anywhere: another origin, another repository, a file. */
export const nextPageAt = (link: string): Fault => onSuccess((truth) => linked(truth, link));

const linked = (truth: Answer, link: string): Answer => ({
  ...truth,
  headers: { ...truth.headers, link: `<${link}>; rel="next"` },
});

/** The true body, compressed and marked so. The digest is that of the plain bytes. */
export const gzipped = (): Fault =>
  onSuccess((truth) => ({
    ...truth,
    headers: { ...truth.headers, 'content-encoding': 'gzip' },
    body: gzipSync(truth.body),
  }));

/** A small body that unpacks to so many zero bytes. */
export const gzipBomb = (bytes: number): Fault => {
  const body = gzipSync(Buffer.alloc(bytes), { level: 9 });
  return onSuccess((truth) => ({
    ...truth,
    headers: { ...truth.headers, 'content-encoding': 'gzip' },
    body,
  }));
};
