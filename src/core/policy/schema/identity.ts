import * as z from 'zod';
import { fulcioFields, type FulcioField } from '../../facts/claim.ts';
import { compileName } from '../match/distinguished-name.ts';
import { compileIdentityGlob } from '../match/identity-glob.ts';
import { compileRegex } from '../match/linear-regex.ts';
import { boundedText, kept, visibleText } from './text.ts';

const maxIdentityLength = 512;
const maxIdentities = 64;

/** A name of a signer or of a source, exact or with wildcards. */
export const identityGlobText = visibleText(maxIdentityLength).superRefine((text, context) => {
  const compiled = compileIdentityGlob(text);
  if (!compiled.ok)
    context.addIssue({ code: 'custom', message: `${JSON.stringify(text)}: ${compiled.error}` });
});

const regexText = visibleText(maxIdentityLength).superRefine((text, context) => {
  const compiled = compileRegex(text);
  if (!compiled.ok)
    context.addIssue({ code: 'custom', message: `${JSON.stringify(text)}: ${compiled.error}` });
});

/** Issuers are compared exactly: another issuer is another world of names. */
const issuerText = visibleText(maxIdentityLength).refine((text) => !text.includes('*'), {
  message: 'an issuer is compared exactly: write one identity for each issuer',
});

const subjectFields = {
  subject: identityGlobText
    .exactOptional()
    .describe(
      'The name in the certificate: an e-mail address, a URI, a host name or a user name, exact or with wildcards. `*` crosses ' +
        'neither `/` nor `@`, `**` stands for whole components; the whole name has to match.',
    )
    .meta(kept),
  subjectRegex: regexText
    .exactOptional()
    .describe('The same as a regular expression of RE2. The whole name has to match.')
    .meta(kept),
} as const;

interface Subject {
  readonly subject?: string;
  readonly subjectRegex?: string;
}
const whyNoSubject = ({ subject, subjectRegex }: Subject): string | undefined => {
  if (subject !== undefined && subjectRegex !== undefined)
    return 'write `subject` or `subjectRegex`, not both: one identity for each';
  return subject === undefined && subjectRegex === undefined
    ? 'names nobody: add `subject` or `subjectRegex`'
    : undefined;
};
const refineSubject = (identity: Subject, context: z.core.$RefinementCtx): void => {
  const message = whyNoSubject(identity);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
};

/** What the CA of Sigstore writes about a build: these are its words, not those of the signer (S7). */
const fieldTexts: Readonly<Record<FulcioField, string>> = {
  buildSignerUri: 'The workflow that signed, such as a shared one',
  buildSignerDigest: 'The commit of that workflow',
  runnerEnvironment: 'Where it was built: `github-hosted` or `self-hosted`',
  sourceRepositoryUri: 'The repository whose build it was: this tells callers of one shared workflow apart',
  sourceRepositoryDigest: 'The commit that was built',
  sourceRepositoryRef: 'The branch or tag that was built, such as `refs/tags/*`',
  sourceRepositoryIdentifier: 'The number of the repository: it stays when the repository is renamed',
  sourceRepositoryOwnerUri: 'The owner of the repository',
  sourceRepositoryOwnerIdentifier: 'The number of the owner: nobody gets it with a name that was given up',
  buildConfigUri: 'The workflow at the top, which called the others',
  buildConfigDigest: 'The commit of that workflow',
  buildTrigger: 'What started the build, such as `push`',
  runInvocationUri: 'The run',
  sourceRepositoryVisibility: 'Who could see the repository: `public`, `internal` or `private`',
  deploymentEnvironment: 'The environment of the deployment',
  tokenSubject:
    'The subject of the token that the issuer gave, as it wrote it: Fulcio writes it since version 1.8.6',
};
const fulcioFieldTexts = Object.fromEntries(
  fulcioFields.map((field) => [
    field,
    identityGlobText
      .exactOptional()
      .describe(
        `${fieldTexts[field]}; exact or with wildcards, as \`subject\`. A certificate without it fails.`,
      )
      .meta(kept),
  ]),
) as Readonly<Record<FulcioField, z.ZodExactOptional<typeof identityGlobText>>>;

const identityList = <T extends z.ZodType>(identity: T) => z.array(identity).min(1).max(maxIdentities);

/** Who may sign with a certificate of Fulcio. */
export const keylessIdentities = identityList(
  z
    .strictObject({
      issuer: issuerText.describe(
        'Who says who somebody is: the OIDC issuer, exactly, such as `https://token.actions.githubusercontent.com`.',
      ),
      ...subjectFields,
      ...fulcioFieldTexts,
    })
    .superRefine(refineSubject),
).describe('Who may sign; one of them is enough. All that an identity names must hold.');

const nameText = boundedText(maxIdentityLength).superRefine((text, context) => {
  const compiled = compileName(text);
  if (!compiled.ok)
    context.addIssue({ code: 'custom', message: `${JSON.stringify(text)}: ${compiled.error}` });
});

/** Who may sign with a certificate of another CA. */
export const certificateIdentities = identityList(
  z
    .strictObject({
      ...subjectFields,
      dn: nameText
        .exactOptional()
        .describe(
          'The distinguished name of the certificate, as Notation writes it: `C=DE, ST=BE, O=Acme`. It must have each of these ' +
            'attributes once, with exactly this value, and may have others. Compared are CN, L, ST, O, OU, C, STREET, DC and UID, and one of ' +
            'CN, O, OU and UID must be there; Notation itself wants C, ST and O.',
        )
        .meta(kept),
    })
    .superRefine((identity, context) => {
      if (identity.dn === undefined || identity.subject !== undefined || identity.subjectRegex !== undefined)
        refineSubject(identity, context);
    }),
).describe(
  'Who may sign, by what is in the certificate; one of them is enough. All that an identity names must hold.',
);
