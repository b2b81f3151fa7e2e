import { known, unavailableBy } from '../../../core/facts/fact.ts';
import { shown } from '../../../core/text/shown-text.ts';
import { algorithmOf, parseDigest, type Digest } from '../../../core/image/digest.ts';
import type { ManifestDocument } from '../../../core/oci/manifest-document.ts';
import { digestOf, isDigestOf } from '../../../evidence/content-digest.ts';
import type { Manifest, ManifestName, RegistryAnswer, RegistryStage } from '../../../evidence/ports.ts';
import type { Auth } from '../auth/auth.ts';
import { readContentBody } from './content-body.ts';
import { invalid, corrupt, statusAnswer, type Subject } from './failure.ts';
import { manifestPath, nameOf, type ReadTarget, subjectOf } from './read-target.ts';
import { manifestAccept, maxManifestBytes, readManifestBytes } from './manifest-bytes.ts';

/** A manifest with its parsed fields. */
export type ParsedManifest = Manifest & ManifestDocument;

/** The digest that the bytes must have; undefined for a tag. */
const askedDigest = (name: ManifestName): Digest | undefined => ('digest' in name ? name.digest : undefined);

/** Whether it looks like JSON. Otherwise it is the web page of a proxy or a portal, which nobody pushed. */
const isDocument = (bytes: Uint8Array): boolean =>
  /^\s{0,64}\{/.test(Buffer.from(bytes.subarray(0, 64)).toString());

/** Why `Docker-Content-Digest` disagrees with the bytes of its response; undefined when it is missing or right. */
const whyDigestHeaderLies = (bytes: Uint8Array, header: string | undefined): string | undefined => {
  const named = header === undefined ? undefined : parseDigest(header);
  if (named?.ok === false) return 'its Docker-Content-Digest is no digest';
  return named === undefined || isDigestOf(bytes, named.value)
    ? undefined
    : 'its Docker-Content-Digest is not the digest of the bytes';
};

/** Checks the bytes against the digest of the request and against the headers (B1). */
const verify = (
  bytes: Uint8Array,
  name: ManifestName,
  headers: Readonly<Record<string, string>>,
  subject: Subject,
): RegistryAnswer<ParsedManifest> => {
  const asked = askedDigest(name);
  const digest = digestOf(bytes, asked === undefined ? 'sha256' : algorithmOf(asked));
  const refuse = isDocument(bytes) ? corrupt : invalid;
  if (asked !== undefined && asked !== digest) {
    return refuse(subject, `the bytes have the digest ${digest}`);
  }
  const lie = whyDigestHeaderLies(bytes, headers['docker-content-digest']);
  if (lie !== undefined) return refuse(subject, lie);
  const read = readManifestBytes(bytes, headers['content-type']);
  if (!read.ok) return refuse(subject, read.error);
  return known({ digest, bytes, ...read.value });
};

/**
 * GET of a manifest or index of at most 4 MiB. The digest is computed from the bytes. The digest in the request and the one in
 * a header must be equal to it.
 * @see OCI distribution-spec 1.1, "Pulling manifests"
 */
export const getManifest = async (
  auth: Auth,
  target: ReadTarget,
  name: ManifestName,
  stage: RegistryStage = 'manifest',
): Promise<RegistryAnswer<ParsedManifest>> => {
  const subject = subjectOf(target, stage, `the manifest of ${shown(nameOf(target, name))}`);
  const location = manifestPath(target, name);
  if ('why' in location) return invalid(subject, location.why);
  const answer = await auth.send({
    ...target,
    path: location.path,
    method: 'GET',
    accept: manifestAccept,
    stage,
  });
  if (!answer.ok) return unavailableBy(answer.error);
  const { response } = answer.value;
  if (response.status !== 200) return statusAnswer(answer.value, subject);
  const body = await readContentBody(response, subject, { max: maxManifestBytes }, target.budget);
  return body.ok ? verify(body.value, name, response.headers, subject) : unavailableBy(body.error);
};

const hintOf = (
  header: string | undefined,
  name: ManifestName,
  subject: Subject,
): RegistryAnswer<Digest | undefined> => {
  const digest = header === undefined ? undefined : parseDigest(header);
  if (digest?.ok !== true) return known(undefined);
  const asked = askedDigest(name);
  const hint = digest.value;
  if (asked !== undefined && algorithmOf(asked) === algorithmOf(hint) && asked !== hint) {
    return invalid(subject, `it names the digest ${hint}`);
  }
  return known(hint);
};

/**
 * HEAD of a manifest. A registry that does not know HEAD (405, 501) is asked by GET, because only an answer to this credential
 * shows that the credential may read.
 */
export const headManifest = async (
  auth: Auth,
  target: ReadTarget,
  name: ManifestName,
  stage: RegistryStage = 'manifest',
): Promise<RegistryAnswer<Digest | undefined>> => {
  const subject = subjectOf(target, stage, `the manifest of ${shown(nameOf(target, name))}`);
  const location = manifestPath(target, name);
  if ('why' in location) return invalid(subject, location.why);
  const part = { path: location.path, method: 'HEAD', accept: manifestAccept, stage } as const;
  const answer = await auth.send({ ...target, ...part });
  if (!answer.ok) return unavailableBy(answer.error);
  const { response } = answer.value;
  if (response.status === 405 || response.status === 501) {
    response.discard();
    const manifest = await getManifest(auth, target, name, stage);
    return manifest.state === 'known' ? known(manifest.value.digest) : manifest;
  }
  if (response.status !== 200) return statusAnswer(answer.value, subject);
  response.discard();
  return hintOf(response.headers['docker-content-digest'], name, subject);
};
