import * as z from 'zod';
import { readTime } from '../../oci/time.ts';
import { readPublicKey } from '../../text/public-key.ts';
import { certificateIdentities, keylessIdentities } from './identity.ts';
import { authorityName, kept, objectNameText, timeText } from './text.ts';

/** The trust root of the public instances of Sigstore. */
export const publicTrustRoot = 'sigstore';

/** A key of 8,192 bits and its PEM lines, with room for indentation. */
const maxPemLength = 4096;

const publicKeyPem = z
  .string()
  .max(maxPemLength, { abort: true })
  .superRefine((text, context) => {
    const read = readPublicKey(text);
    if (!read.ok) context.addIssue({ code: 'custom', message: read.error });
  });

const key = z.strictObject({
  pem: publicKeyPem.describe(
    'A PEM block of type PUBLIC KEY: ECDSA (P-256, P-384, P-521), RSA of 2048 to 8192 bits, or Ed25519. It is public, so it ' +
      'stands in the policy.',
  ),
});

const keyless = z.strictObject({
  trustRoot: objectNameText
    .default(publicTrustRoot)
    .describe('Name of the `TrustRoot` whose CA writes the certificates.'),
  identities: keylessIdentities,
});

const certificate = z.strictObject({
  trustRoot: objectNameText
    .refine((name) => name !== publicTrustRoot, {
      message: `certificates of "${publicTrustRoot}" need an issuer beside the name: write them under \`keyless\``,
    })
    .describe('Name of the `TrustRoot` whose CA writes the certificates.'),
  identities: certificateIdentities,
});

/** No candidate is read that has more. */
const maxLogs = 8;
const maxTimestamps = 4;
const count = (most: number) => z.int().min(0).max(most).exactOptional();

const require = z.strictObject({
  logs: count(maxLogs)
    .describe(
      'How many distinct transparency logs hold the signature. 1 where nothing is said for `keyless`, else 0.',
    )
    .meta(kept),
  timestamps: count(maxTimestamps)
    .describe(
      'How many distinct timestamp authorities (RFC 3161) dated the signature. 0 where nothing is said.',
    )
    .meta(kept),
  sct: count(maxTimestamps)
    .describe(
      'How many distinct certificate transparency logs hold the certificate. 1 where nothing is said for `keyless`, else 0.',
    )
    .meta(kept),
  trustRoot: objectNameText
    .exactOptional()
    .describe(
      'Name of the `TrustRoot` whose logs and timestamp authorities count. Where nothing is said: that of the certificate; ' +
        `for a key \`${publicTrustRoot}\` as soon as one is required, else none.`,
    )
    .meta(kept),
});

const authorityShape = z
  .strictObject({
    name: authorityName.describe('Name of the authority within the check; findings show it.'),
    key: key.exactOptional().describe('A signature counts that this key verifies.').meta(kept),
    keyless: keyless
      .exactOptional()
      .describe(
        'A signature counts whose certificate a Fulcio CA wrote for one of these identities, at a time that a log or a timestamp ' +
          'proves.',
      )
      .meta(kept),
    certificate: certificate
      .exactOptional()
      .describe(
        'A signature counts whose certificate the CA of this trust root wrote for one of these names. Without a trusted time the ' +
          'certificate must be valid now.',
      )
      .meta(kept),
    validFrom: timeText
      .exactOptional()
      .describe(
        'The signature was made at this time or later, by its first trusted time, else by the time of the review.',
      )
      .meta(kept),
    validUntil: timeText
      .exactOptional()
      .describe(
        'The signature was made before this time, by its first trusted time, else by the time of the review. For a key that was ' +
          'stolen write the hour of the theft: what a log or a timestamp authority dates before it stays good.',
      )
      .meta(kept),
    require: require
      .exactOptional()
      .describe(
        'What must stand behind the signature beside key or certificate. Counted are logs and authorities, never entries.',
      )
      .meta(kept),
  })
  .describe('Somebody who may sign, named by what proves it.');
type AuthorityShape = z.output<typeof authorityShape>;

/** What an authority demands of a signature, with what holds where it says nothing. */
export interface Requirements {
  readonly logs: number;
  readonly timestamps: number;
  readonly sct: number;
  /** Whose logs and timestamps count; absent: none do. */
  readonly trustRoot?: string;
}
interface Demanding {
  readonly require?: AuthorityShape['require'];
  readonly keyless?: { readonly trustRoot: string };
  readonly certificate?: { readonly trustRoot: string };
}
export const requirementsOf = ({
  require: wanted = {},
  keyless: ofFulcio,
  certificate: ofCa,
}: Demanding): Requirements => {
  const least = ofFulcio === undefined ? 0 : 1;
  const { logs = least, timestamps = 0, sct = least } = wanted;
  const ofKey = logs + timestamps > 0 ? publicTrustRoot : undefined;
  const trustRoot = wanted.trustRoot ?? (ofFulcio ?? ofCa)?.trustRoot ?? ofKey;
  return { logs, timestamps, sct, ...(trustRoot === undefined ? {} : { trustRoot }) };
};

/** Whether something dates each signature that counts. */
export const isDated = (authority: Demanding): boolean => {
  const { logs, timestamps } = requirementsOf(authority);
  return logs + timestamps > 0;
};

export type AddProblem = (path: readonly (string | number)[], message: string) => void;

const kinds = ['key', 'keyless', 'certificate'] as const;

const refineKind = (authority: AuthorityShape, addProblem: AddProblem): void => {
  const named = kinds.filter((kind) => authority[kind] !== undefined);
  if (named.length === 1) return;
  addProblem(
    [],
    named.length === 0
      ? `names nobody: add one of ${kinds.join(', ')}`
      : `names ${named.join(' and ')}: write one authority for each`,
  );
};

const refineTimes = ({ validFrom, validUntil }: AuthorityShape, addProblem: AddProblem): void => {
  if (validFrom === undefined || validUntil === undefined) return;
  if ((readTime(validFrom) ?? 0) >= (readTime(validUntil) ?? 0))
    addProblem(['validUntil'], 'is not after `validFrom`, so no signature would count');
};

const refineRequire = (authority: AuthorityShape, addProblem: AddProblem): void => {
  if (authority.key !== undefined && (authority.require?.sct ?? 0) > 0)
    addProblem(['require', 'sct'], 'a key has no certificate that a log could hold');
  if (authority.keyless !== undefined && !isDated(authority))
    addProblem(
      ['require'],
      'a keyless certificate is valid for minutes, and nothing would prove that it was used in them: require `logs` or `timestamps`',
    );
};

/** One of those who may sign. */
const authority = authorityShape.superRefine((value, context) => {
  const addProblem: AddProblem = (path, message) =>
    context.addIssue({ code: 'custom', path: [...path], message });
  refineKind(value, addProblem);
  refineTimes(value, addProblem);
  refineRequire(value, addProblem);
});

const maxAuthorities = 32;

/** The authorities of one check, and how many of them are wanted. */
export const authorityFields = {
  threshold: z
    .int()
    .min(1)
    .max(maxAuthorities)
    .default(1)
    .describe(
      'How many of the authorities must have signed, each with a signer of its own: one key or identity never stands for two.',
    ),
  authorities: z
    .array(authority)
    .min(1)
    .max(maxAuthorities)
    .describe('Who may sign. Signatures of others count for nothing, whoever they are.'),
} as const;

interface Authorities {
  readonly threshold: number;
  readonly authorities: readonly AuthorityShape[];
}

/** What would make a check that nobody can satisfy, or findings that nobody can tell apart (S9). */
export const refineAuthorities = ({ threshold, authorities }: Authorities, addProblem: AddProblem): void => {
  if (authorities.length > 0 && threshold > authorities.length)
    addProblem(
      ['threshold'],
      `${String(threshold)} is more than the ${String(authorities.length)} that \`authorities\` names, so no image could pass`,
    );
  const names = authorities.map(({ name }) => name);
  for (const [at, name] of names.entries())
    if (names.indexOf(name) < at)
      addProblem(
        ['authorities', at, 'name'],
        `${JSON.stringify(name)} is the name of another authority of this check`,
      );
};

/** S9: an age needs a time that somebody else vouches for. */
export const refineAge = ({ authorities }: Authorities, field: string, addProblem: AddProblem): void => {
  for (const [at, one] of authorities.entries())
    if (!isDated(one))
      addProblem(
        ['authorities', at],
        `nothing dates what it signs, and \`${field}\` needs a trusted time: require \`logs\` or \`timestamps\` of it`,
      );
};
