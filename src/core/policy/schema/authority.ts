import { z } from 'zod';
import { readPublicKey } from '../../text/public-key.ts';
import { authorityName } from './text.ts';

/** A key of 8,192 bits and its PEM lines, with room for indentation. */
const maxPemLength = 4096;

const publicKeyPem = z
  .string()
  .max(maxPemLength, { abort: true })
  .superRefine((text, context) => {
    const read = readPublicKey(text);
    if (!read.ok) context.addIssue({ code: 'custom', message: read.error });
  });

const key = z
  .strictObject({
    pem: publicKeyPem.describe(
      'A PEM block of type PUBLIC KEY: ECDSA (P-256, P-384, P-521), RSA of 2048 to 8192 bits, or Ed25519. It is public, so it ' +
        'stands in the policy.',
    ),
  })
  .describe('A signature counts that this key verifies.');

/** One of those who may sign. */
const authority = z
  .strictObject({
    name: authorityName.describe('Name of the authority within the check; findings show it.'),
    key,
  })
  .describe('Somebody who may sign, named by what proves it.');

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
  readonly authorities: readonly { readonly name: string }[];
}

/** What would make a check that nobody can satisfy, or findings that nobody can tell apart (S9). */
export const refineAuthorities = (
  { threshold, authorities }: Authorities,
  addProblem: (path: readonly (string | number)[], message: string) => void,
): void => {
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
