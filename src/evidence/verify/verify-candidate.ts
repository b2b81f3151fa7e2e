import { fail, type Result } from '../../core/result.ts';
import { noExpressions, type ExpressionEngine } from './expression-engine.ts';
import { readDsse } from './form/dsse.ts';
import type { SignedMaterial } from './form/signed-material.ts';
import { readSigstoreBundle } from './form/sigstore-bundle.ts';
import { readSimpleSigning } from './form/simple-signing.ts';
import { conditionsOf } from './payload/conditions.ts';
import { attestedList, packageListsIn } from './payload/package-lists.ts';
import { readPayload } from './payload/read-payload.ts';
import type { SignedWord } from './payload/signed-word.ts';
import { reject, type Rejection } from './rejection.ts';
import { readPolicyKey, type PolicyKey } from './signature/public-key.ts';
import { signaturePassed, signersOf, type Believed } from './signers.ts';
import { prepareRoot, type PreparedRoot } from './trust/prepared-root.ts';
import type {
  CandidateLayer,
  Verification,
  VerificationResult,
  VerifiedClaim,
  VerifiedRejection,
} from './verification.ts';

/** cosign 2 adds a layer to the same manifest with each signature; nobody signs one image that often. */
const maxLayers = 64;

const readLayer = (layer: CandidateLayer, verification: Verification): Result<SignedMaterial, Rejection> => {
  switch (layer.form) {
    case 'simple-signing':
      return verification.says === 'signed'
        ? readSimpleSigning(layer)
        : reject('mismatch', 'it is a signature, not an attestation');
    case 'dsse':
      return readDsse(layer);
    case 'bundle':
      return readSigstoreBundle(layer, verification);
    case 'statement':
    case 'package-list':
      return reject('unreadable', 'nobody signs it by itself');
    default:
      return layer.form satisfies never;
  }
};

/** Who is believed: the keys and roots of policies that could be read. */
interface Trust {
  readonly keys: readonly PolicyKey[];
  readonly roots: readonly PreparedRoot[];
}

const rejectedLayer = (
  { form }: CandidateLayer,
  { fault, why }: Rejection,
  checks: VerifiedRejection['checks'] = [],
): VerificationResult => ({
  claims: [],
  rejected: [{ ...(form !== 'package-list' && { form }), fault, why, checks }],
});

/** The word of a believed signer. Attack: have expressions evaluated over a large statement that nobody known has signed. */
const believedWord = (
  word: SignedWord,
  { expressions, packages }: Verification,
  engine: ExpressionEngine,
) => {
  if (word.says === 'signed') return word;
  const { statement, ...said } = word;
  const list = packages === 'signed' ? attestedList(statement) : undefined;
  return {
    ...said,
    expressions: conditionsOf(statement, expressions, engine),
    ...(list !== undefined && { packages: list }),
  };
};

/** What a layer says that somebody signed with the manifest around it. S4: it is never a signature. */
const readBareStatement = (
  layer: CandidateLayer,
  verification: Verification,
  engine: ExpressionEngine,
): VerificationResult => {
  const payload = { kind: 'dsse', type: layer.mediaType, bytes: layer.bytes } as const;
  const word = readPayload(payload, verification);
  if (!word.ok) return rejectedLayer(layer, word.error);
  const said = believedWord(word.value, verification, engine);
  if (said.says === 'signed') return rejectedLayer(layer, { fault: 'mismatch', why: 'it is a signature' });
  return { claims: [], rejected: [], statements: [said] };
};

/** So large is no payload of a signature. */
const maxUnsigned = 64 * 1024;
const sizeOf = ({ payload }: SignedMaterial): number =>
  payload.kind === 'manifest' ? 0 : payload.bytes.length;

const verifyLayer = (
  layer: CandidateLayer,
  trust: Trust,
  verification: Verification,
  engine: ExpressionEngine,
): VerificationResult => {
  if (layer.form === 'statement' && verification.says === 'attested')
    return readBareStatement(layer, verification, engine);
  const rejected = (error: Rejection, checks: VerifiedRejection['checks'] = []): VerificationResult =>
    rejectedLayer(layer, error, checks);

  const material = readLayer(layer, verification);
  if (!material.ok) return rejected(material.error);
  const signers = signersOf(material.value, trust, verification.now);
  // Bytes that nobody known has signed are read only to say what is wrong with them. Attack: push statements of 16 MiB, each
  // of which takes a thread for seconds.
  if (!signers.ok && sizeOf(material.value) > maxUnsigned)
    return rejected(signers.error, signers.error.checks);
  const word = readPayload(material.value.payload, verification);
  if (!word.ok) return rejected(word.error, signers.ok ? [signaturePassed] : signers.error.checks);
  if (!signers.ok) return rejected(signers.error, signers.error.checks);
  const said = believedWord(word.value, verification, engine);
  const claims = signers.value.map((believed: Believed): VerifiedClaim => ({
    ...said,
    form: material.value.form,
    about: verification.subject.digest,
    ...believed,
  }));
  return { claims, rejected: [] };
};

const readTrust = ({ keys, trustRoots }: Verification): Trust => ({
  keys: keys.flatMap((spki) => {
    const key = readPolicyKey(spki);
    return key.ok ? [key.value] : [];
  }),
  roots: trustRoots.flatMap((snapshot) => {
    const root = prepareRoot(snapshot);
    return root.ok ? [root.value] : [];
  }),
});

/**
 * Verifies one candidate: which of its layers say something that counts, signed by whom and when. Pure.
 * @param engine - absent: expressions fail
 */
export const verifyCandidate = (
  verification: Verification,
  engine: ExpressionEngine = noExpressions,
): VerificationResult => {
  const layers = verification.layers.slice(0, maxLayers);
  const left = verification.layers.length - layers.length;
  if (verification.packages === 'anyone')
    return {
      claims: [],
      rejected: [],
      packageLists: [
        ...layers.flatMap((layer) => packageListsIn(layer, verification)),
        ...(left > 0 ? [fail(`${left} of its layers are beyond the ${maxLayers} that are read`)] : []),
      ],
    };
  const trust = readTrust(verification);
  const results = layers.map((layer) => verifyLayer(layer, trust, verification, engine));
  const tooMany: VerifiedRejection = {
    fault: 'limit',
    why: `${left} of its layers are beyond the ${maxLayers} that are read`,
    checks: [],
  };
  const statements = results.flatMap((result) => result.statements ?? []);
  return {
    ...(statements.length > 0 && { statements }),
    claims: results.flatMap(({ claims }) => claims),
    rejected: [...results.flatMap(({ rejected }) => rejected), ...(left > 0 ? [tooMany] : [])],
  };
};
