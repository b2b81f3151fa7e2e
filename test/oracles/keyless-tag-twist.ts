import { certificatePem } from '../fakes/signature/sigstore-instance.ts';
import { flipBase64 } from './flip.ts';
import type { KeylessCase, KeylessTwist } from './keyless-cases.ts';
import type { Candidate } from './live-repository.ts';
import { twistCandidate } from './twist.ts';

const annotation = {
  certificate: 'dev.sigstore.cosign/certificate',
  log: 'dev.sigstore.cosign/bundle',
  timestamp: 'dev.sigstore.cosign/rfc3161timestamp',
} as const;

type Annotations = Readonly<Record<string, string>>;
interface LogAnnotation {
  readonly SignedEntryTimestamp: string;
  readonly Payload: { readonly body: string };
}

const annotationsOf = ({ manifest }: Candidate): Annotations => manifest.layers[0]!.annotations!;

/**
 * Changes one thing beside a layer of cosign 2, or in it.
 * @param other another good candidate by the same signer
 */
export const twistTagged = (candidate: Candidate, other: Candidate, one: KeylessCase): Candidate => {
  const { twist, at } = one;
  const [own, swapped] = [annotationsOf(candidate), annotationsOf(other)];
  const withAnnotations = (annotations: Annotations): Candidate => ({
    ...candidate,
    manifest: { ...candidate.manifest, layers: [{ ...candidate.manifest.layers[0]!, annotations }] },
  });
  const without = (name: string): Candidate =>
    withAnnotations(Object.fromEntries(Object.entries(own).filter(([key]) => key !== name)));
  const from = (name: string): Candidate => withAnnotations({ ...own, [name]: swapped[name]! });
  const withLog = (change: (log: LogAnnotation) => object): Candidate =>
    withAnnotations({
      ...own,
      [annotation.log]: JSON.stringify(change(JSON.parse(own[annotation.log]!) as LogAnnotation)),
    });
  const flippedCertificate = (): string => {
    const base64 = own[annotation.certificate]!.replaceAll(/-----[A-Z ]+-----|\s/g, '');
    return certificatePem(Buffer.from(flipBase64(base64, at), 'base64'));
  };
  const flippedTimestamp = (): string => {
    const { SignedRFC3161Timestamp: token } = JSON.parse(own[annotation.timestamp]!) as {
      SignedRFC3161Timestamp: string;
    };
    return JSON.stringify({ SignedRFC3161Timestamp: flipBase64(token, at) });
  };
  const changes: Partial<Record<KeylessTwist, () => Candidate>> = {
    'entry-swapped': () => from(annotation.log),
    'timestamp-swapped': () => from(annotation.timestamp),
    'certificate-swapped': () => from(annotation.certificate),
    'entry-removed': () => without(annotation.log),
    'timestamp-removed': () => without(annotation.timestamp),
    'entry-flipped': () =>
      withLog((log) => ({ ...log, Payload: { ...log.Payload, body: flipBase64(log.Payload.body, at) } })),
    'promise-flipped': () =>
      withLog((log) => ({ ...log, SignedEntryTimestamp: flipBase64(log.SignedEntryTimestamp, at) })),
    'timestamp-flipped': () => withAnnotations({ ...own, [annotation.timestamp]: flippedTimestamp() }),
    'certificate-flipped': () => withAnnotations({ ...own, [annotation.certificate]: flippedCertificate() }),
  };
  return changes[twist]?.() ?? twistCandidate(candidate, one);
};
