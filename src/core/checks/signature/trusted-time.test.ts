import { expect, test } from 'vitest';
import {
  claimFacts,
  companySigner,
  keylessSignature,
  logProof,
  signedBy,
  signingTime,
  timeBy,
} from '../../../../test/fakes/claims.ts';
import { day, judgedAt } from '../../../../test/fakes/image-facts.ts';
import { codesOn, keyless, signatureFindings } from '../../../../test/fakes/signature-verdict.ts';
import type { SignatureClaim } from '../../facts/claim.ts';

const notLogged = ['signature-not-logged'];
const expired = ['signature-expired'];

test('by the time of another root it counts for those who ask that root, and for no others', () => {
  const validity = { from: judgedAt - 180 * day, until: judgedAt + 180 * day };
  const proof = { logs: [], times: [timeBy('timestamp', signingTime, { trustRoot: 'notary' })] };
  const claim = keylessSignature({ datedBy: 'notary', validity }, proof);
  const stamped = { logs: 0, timestamps: 1 };
  expect(codesOn(keyless({}, {}, { ...stamped, trustRoot: 'notary' }), claim)).toEqual([]);
  expect(codesOn(keyless({}, {}, stamped), claim)).toEqual(notLogged);
  expect(codesOn(keyless({}, {}, { ...stamped, trustRoot: 'archive' }), claim)).toEqual(notLogged);
  // Its own root has it in a log that signs no time.
  expect(codesOn(keyless(), { ...claim, logs: [logProof()] })).toEqual(expired);
  // It is valid now, but nobody whom this policy asks says so.
  const partner = { certificate: { trustRoot: 'partner', identities: [{ dn: 'O=Partner' }] } };
  expect(codesOn(partner, signedBy(companySigner(), proof))).toEqual([]);
  expect(codesOn(partner, signedBy(companySigner({ datedBy: 'notary' }), proof))).toEqual(expired);
});

test('what the check of a log found is told', () => {
  const why =
    "its certificate is in a log that the trust root 'sigstore' (written 41 days ago) does not name";
  const checks = [{ check: 'certificate-log', outcome: 'failed', why }] as const;
  const detailOf = (authority: object, claim: SignatureClaim): string =>
    signatureFindings(authority, claimFacts({ claims: [claim] }))[0]?.detail ?? '';
  const logs = [logProof('x', 'notary')];
  const unlogged = keylessSignature({ certificateLogs: [] }, { checks, logs });
  expect(detailOf(keyless({}, {}, { trustRoot: 'notary' }), unlogged)).toContain(
    `the policy wants 1 certificate logs behind it, and 0 of sigstore are: ${why}`,
  );
  const passed = { check: 'certificate-log', outcome: 'passed' } as const;
  const once = keylessSignature({}, { checks: [passed, ...checks] });
  expect(detailOf(keyless({}, {}, { sct: 2 }), once)).toMatch(/1 of sigstore are$/);
});
