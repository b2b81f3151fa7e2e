import { createPrivateKey, X509Certificate } from 'node:crypto';
import { objectOf, textOf, type JsonObject } from '../../../core/text/json/json.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { localProblem, type ApiProblem } from '../client/problem.ts';
import { metadataOf } from '../../../core/workload/object-metadata.ts';

/** A CA with its key, both PEM. */
export interface CaMaterial {
  readonly certificate: string;
  readonly key: string;
}

/** What the Secret holds. Times are wall time in milliseconds. */
export interface CaAuthorities {
  /** Signs leaves. */
  readonly current: CaMaterial;
  /** Will sign once every `caBundle` contains it. */
  readonly next?: CaMaterial & { readonly since: number };
  /** Has signed; trusted until its last leaf has expired. */
  readonly previous?: { readonly certificate: string; readonly since: number };
  /** Every certificate that belongs into `caBundle`, PEM. */
  readonly bundle: string;
  readonly resourceVersion?: string;
  /** Everything above but the version: equal text, equal authorities. Holds keys; never logged. */
  readonly text: string;
}

export type CaContent = Pick<CaAuthorities, 'current' | 'next' | 'previous'>;

const nextSinceAnnotation = 'imagegate.dev/next-since';
const previousSinceAnnotation = 'imagegate.dev/previous-since';

/** Reads the Secret. An error contains nothing of its content. */
export const readCaSecret = (secret: JsonObject): Result<CaAuthorities, ApiProblem> => {
  const parts = partsOf(secret);
  const flaw = flawOf(parts.current) ?? (parts.next === undefined ? undefined : flawOf(parts.next));
  if (flaw !== undefined) {
    return fail(
      localProblem(
        'Configuration',
        `the Secret of the CA holds no usable CA (${flaw}); delete it, a new one is made at the next start`,
      ),
    );
  }
  const version = metadataOf(secret)['resourceVersion'];
  return ok({
    ...parts,
    bundle: bundleOf([parts.current, parts.next, parts.previous]),
    ...(typeof version === 'string' ? { resourceVersion: version } : {}),
    text: JSON.stringify(parts),
  });
};

const partsOf = (secret: JsonObject): CaContent => {
  const annotations = objectOf(metadataOf(secret)['annotations']);
  const data = objectOf(secret['data']);
  const field = (name: string): string => Buffer.from(textOf(data[name]), 'base64').toString('utf8');
  // 0 for a time that cannot be read.
  const time = (name: string): number => Date.parse(textOf(annotations[name])) || 0;
  const next = { certificate: field('next.crt'), key: field('next.key'), since: time(nextSinceAnnotation) };
  const previous = { certificate: field('previous.crt'), since: time(previousSinceAnnotation) };
  return {
    current: { certificate: field('ca.crt'), key: field('ca.key') },
    ...(next.certificate === '' ? {} : { next }),
    ...(previous.certificate === '' ? {} : { previous }),
  };
};

const bundleOf = (all: readonly ({ readonly certificate: string } | undefined)[]): string =>
  all.map((one) => (one === undefined ? '' : `${one.certificate.trim()}\n`)).join('');

const flawOf = ({ certificate, key }: CaMaterial): string | undefined => {
  try {
    const parsed = new X509Certificate(certificate);
    if (!parsed.ca) return 'the certificate is not a CA';
    return parsed.checkPrivateKey(createPrivateKey(key))
      ? undefined
      : 'key and certificate do not belong together';
  } catch {
    return 'certificate or key cannot be read';
  }
};

export const writeCaSecret = (
  metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion?: string | undefined;
  },
  content: CaContent,
): JsonObject => {
  const { current, next, previous } = content;
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const time = (since: number): string => new Date(since).toISOString();
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      ...metadata,
      labels: { 'app.kubernetes.io/name': 'imagegate' },
      annotations: {
        ...(next === undefined ? {} : { [nextSinceAnnotation]: time(next.since) }),
        ...(previous === undefined ? {} : { [previousSinceAnnotation]: time(previous.since) }),
      },
    },
    data: {
      'ca.crt': base64(current.certificate),
      'ca.key': base64(current.key),
      ...(next === undefined ? {} : { 'next.crt': base64(next.certificate), 'next.key': base64(next.key) }),
      ...(previous === undefined ? {} : { 'previous.crt': base64(previous.certificate) }),
    },
  };
};
