/*
 * signature
 *
 * Reads:   what candidates beside the image prove: who signed which digest.
 * Allows:  an image that enough of the authorities have signed, each with a signer of its own.
 * Refuses: signature-missing, -untrusted, -invalid, -mismatch, -threshold, -limit, -unavailable: one finding an image.
 */
import type { SignatureNeed } from '../facts/claim-need.ts';
import { besideImage } from '../facts/claim-location.ts';
import { signatureNeed } from '../facts/signature-kind.ts';
import type { MultiArch, SignatureCheck } from '../policy/schema/schema.ts';
import { fail, ok, type Result } from '../result.ts';
import { pass, type EvidenceCheckOf } from './check.ts';
import { compileAuthority, type CompiledAuthority } from './signature/authority.ts';
import { areMet, unmetOf, type ClaimTerms } from './signature/judgement.ts';
import { subjectsOf } from './signature/subject.ts';
import { violationOf } from './signature/violation.ts';

const compileAuthorities = (
  authorities: SignatureCheck['authorities'],
): Result<readonly CompiledAuthority[], string> => {
  const compiled: CompiledAuthority[] = [];
  for (const authority of authorities) {
    const one = compileAuthority(authority);
    if (!one.ok) return fail(`authority ${JSON.stringify(authority.name)}: ${one.error}`);
    compiled.push(one.value);
  }
  return ok(compiled);
};

const platformsOf = ({ mode, platforms }: MultiArch): SignatureNeed['platforms'] => {
  if (mode === 'reference') return mode;
  return mode === 'platforms' ? platforms : 'all';
};

/** `signature`: enough of the authorities have signed what is judged. */
export const signatureCheck = (
  config: SignatureCheck,
  multiArch: MultiArch,
): Result<EvidenceCheckOf<'signature'>, string> => {
  const authorities = compileAuthorities(config.authorities);
  if (!authorities.ok) return authorities;
  const terms: ClaimTerms = { threshold: config.threshold, authorities: authorities.value };
  const text = JSON.stringify({ signature: config });
  return ok({
    id: 'signature',
    need: signatureNeed({
      keys: [...new Set(authorities.value.flatMap(({ keys }) => keys))],
      trustRoots: [],
      locations: [besideImage],
      platforms: platformsOf(multiArch),
      demands: [{ key: text, isMet: (claims, situation) => areMet(terms, claims, situation) }],
    }),
    readsNamespaceLabels: false,
    rules: [
      {
        text: `${text} ${JSON.stringify({ multiArch })}`,
        readsSituation: true,
        judge: (facts, { now }) => {
          const failing = subjectsOf(facts, multiArch, true).flatMap(
            (subject) => unmetOf(terms, subject, facts, now) ?? [],
          );
          return failing.length === 0 ? pass : [violationOf(terms, failing)];
        },
      },
    ],
  });
};
