import { describe, expect, test } from 'vitest';
import {
  claimFacts,
  companySigner,
  githubIssuer,
  keylessSignature,
  logProof,
  releaseWorkflow,
  signedBy,
  signingKey,
  signingTime,
  timeBy,
} from '../../../../test/fakes/claims.ts';
import { day, digestOf, judgedAt } from '../../../../test/fakes/image-facts.ts';
import { policySet } from '../../../../test/fakes/policy-set.ts';
import { codesIn, codesOn, keyless, signatureFindings } from '../../../../test/fakes/signature-verdict.ts';
import type { SignatureClaim } from '../../facts/claim.ts';

const minute = 60_000;
const key = signingKey();

const untrusted = ['signature-untrusted'];
const notLogged = ['signature-not-logged'];
const expired = ['signature-expired'];

describe('a keyless identity', () => {
  const good = keylessSignature();
  const shared = keylessSignature({ fields: { sourceRepositoryUri: 'https://github.com/evil/app' } });
  test.each([
    ['issuer and subject agree', keyless(), good, []],
    [
      'another issuer, the same subject',
      keyless(),
      keylessSignature({ issuer: 'https://accounts.evil.io' }),
      untrusted,
    ],
    ['an issuer that goes on', keyless({ issuer: `${githubIssuer}/` }), good, untrusted],
    [
      'another subject',
      keyless({ subject: 'https://github.com/acme/other/**@refs/tags/*' }),
      good,
      untrusted,
    ],
    ['G3: a beginning of the subject', keyless({ subject: 'https://github.com/acme/app' }), good, untrusted],
    ['a certificate without an issuer', keyless(), keylessSignature({ issuer: '' }), untrusted],
    ['a certificate of another root', keyless(), keylessSignature({ trustRoot: 'other' }), untrusted],
    ['a key is no certificate', keyless(), signedBy(key.signer), untrusted],
    [
      'S7: the repository that called a shared workflow',
      keyless({ sourceRepositoryUri: 'https://github.com/acme/*' }),
      good,
      [],
    ],
    [
      'S7: another one that called it',
      keyless({ sourceRepositoryUri: 'https://github.com/acme/*' }),
      shared,
      untrusted,
    ],
    ['S7: without that field both count', keyless(), shared, []],
    ['a field that the certificate has not', keyless({ buildTrigger: '**' }), good, untrusted],
    [
      'a field that the certificate has not, whatever it holds',
      keyless({ buildTrigger: '*' }),
      good,
      untrusted,
    ],
    ['a field that differs', keyless({ runnerEnvironment: 'self-hosted' }), good, untrusted],
    [
      'a name by a regular expression',
      keyless({ subject: undefined, subjectRegex: 'https://github\\.com/acme/.*' }),
      good,
      [],
    ],
    [
      'an expression that fits a part',
      keyless({ subject: undefined, subjectRegex: 'acme' }),
      good,
      untrusted,
    ],
  ])('%s', (_title, authority, claim, want) => {
    expect(codesOn(authority, claim)).toEqual(want);
  });

  test.each(['email', 'uri', 'dns', 'other'] as const)('a name of the kind %s is compared', (kind) => {
    const names = [{ kind, value: 'release@acme.example' }];
    expect(codesOn(keyless({ subject: '*@acme.example' }), keylessSignature({ names }))).toEqual([]);
  });

  test('one of several identities is enough', () => {
    const other = { issuer: 'https://gitlab.com', subject: 'x' };
    const { keyless: of } = keyless();
    expect(codesOn({ keyless: { identities: [other, ...of.identities] } }, good)).toEqual([]);
  });

  test('the detail says which field differs', () => {
    const [finding] = signatureFindings(
      keyless({ sourceRepositoryUri: 'https://github.com/acme/*' }),
      claimFacts({ claims: [shared] }),
    );
    expect(finding?.detail).toContain(releaseWorkflow.slice('https://'.length));
    expect(finding?.detail).toContain(
      'its sourceRepositoryUri is github.com/evil/app, and the policy wants github.com/acme/*',
    );
  });
});

describe('what must stand behind a signature', () => {
  const twice = [logProof(), logProof()];
  const two = [logProof(), logProof('other')];
  const stamped = timeBy('timestamp');
  const stamps = [stamped, timeBy('timestamp', signingTime + 1)];
  const otherStamp = timeBy('timestamp', signingTime, { authority: 'other' });
  test.each([
    ['keyless wants a log', {}, { logs: [], times: [stamped] }, notLogged],
    [
      'nothing but a timestamp, where that is enough',
      { logs: 0, timestamps: 1 },
      { logs: [], times: [stamped] },
      [],
    ],
    ['S6, B6: two entries of one log are one log', { logs: 2 }, { logs: twice }, notLogged],
    ['S6: two logs are two', { logs: 2 }, { logs: two }, []],
    ['S6: two times of one authority are one', { timestamps: 2 }, { times: stamps }, notLogged],
    ['S6: two authorities are two', { timestamps: 2 }, { times: [stamped, otherStamp] }, []],
    ['a time of a log is no timestamp', { timestamps: 1 }, {}, notLogged],
    ['logs of another root do not count', {}, { logs: [logProof('x', 'other')] }, notLogged],
    [
      'logs of the root that is named do',
      { trustRoot: 'other' },
      { logs: [logProof('x', 'other')], times: [timeBy('log', signingTime, { trustRoot: 'other' })] },
      [],
    ],
    ['S6: SCTs of one log are one', { sct: 2 }, {}, notLogged],
  ])('%s', (_title, required, more, want) => {
    expect(codesOn(keyless({}, {}, required), keylessSignature({}, more))).toEqual(want);
  });

  test('keyless wants a logged certificate', () => {
    const unlogged = keylessSignature({ certificateLogs: [] });
    expect(codesOn(keyless(), unlogged)).toEqual(notLogged);
    expect(codesOn(keyless({}, {}, { sct: 0 }), unlogged)).toEqual([]);
  });

  test('a key needs nothing behind it, unless the policy says so', () => {
    const claim = signedBy(key.signer);
    expect(codesOn({ key: { pem: key.pem } }, claim)).toEqual([]);
    expect(codesOn({ key: { pem: key.pem }, require: { logs: 1 } }, claim)).toEqual(notLogged);
    expect(
      codesOn({ key: { pem: key.pem }, require: { logs: 1 } }, { ...claim, logs: [logProof()] }),
    ).toEqual([]);
  });

  test('an entry that nobody dates counts while its log is in use, however long it is kept', () => {
    const logged = (until: number) => ({ ...signedBy(key.signer), logs: [{ ...logProof(), until }] });
    const authority = { key: { pem: key.pem }, require: { logs: 1 } };
    expect(codesOn(authority, logged(judgedAt))).toEqual([]);
    expect(codesOn(authority, logged(judgedAt - 1))).toEqual(notLogged);
  });
});

describe('S5, B5: the chain is valid at a trusted time', () => {
  const at = (time: number, from: 'log' | 'timestamp' = 'log') =>
    keylessSignature({}, { times: [timeBy(from, time)] });
  test.each([
    ['within the minutes of the certificate', keyless(), at(signingTime + 5 * minute), []],
    ['after them', keyless(), at(signingTime + 5 * minute + 1), expired],
    ['before them', keyless(), at(signingTime - 5 * minute - 1), expired],
    ['a log without a time proves none', keyless(), keylessSignature({}, { times: [] }), expired],
    [
      'a timestamp outside does not count',
      keyless({}, {}, { timestamps: 1 }),
      at(signingTime + day, 'timestamp'),
      notLogged,
    ],
    [
      'one time outside beside one within changes nothing',
      keyless(),
      keylessSignature({}, { times: [timeBy('timestamp', signingTime + day), timeBy('log')] }),
      [],
    ],
    [
      'a time of a root that nobody asked for does not count',
      keyless(),
      keylessSignature({}, { times: [timeBy('log', signingTime, { trustRoot: 'other' })] }),
      expired,
    ],
  ])('%s', (_title, authority, claim, want) => expect(codesOn(authority, claim)).toEqual(want));

  test('a time more than 5 minutes ahead of us is none', () => {
    const validity = { from: judgedAt, until: judgedAt + day };
    const ahead = (ms: number) => keylessSignature({ validity }, { times: [timeBy('log', judgedAt + ms)] });
    expect(codesOn(keyless(), ahead(5 * minute))).toEqual([]);
    expect(codesOn(keyless(), ahead(5 * minute + 1))).toEqual(expired);
  });

  const company = {
    certificate: { trustRoot: 'partner', identities: [{ subject: 'release@partner.example' }] },
  };
  const ended = { validity: { from: judgedAt - 300 * day, until: judgedAt - day } };
  const dated = timeBy('timestamp', judgedAt - 20 * day, { trustRoot: 'partner' });
  test.each([
    ['a certificate of a company that is valid now', company, signedBy(companySigner()), []],
    ['one that was valid once', company, signedBy(companySigner(ended)), expired],
    [
      'one that was valid when its root dated it',
      company,
      signedBy(companySigner(ended), { times: [dated] }),
      [],
    ],
    [
      'one with another name',
      company,
      signedBy(companySigner({ names: [{ kind: 'email', value: 'x@partner.example' }] })),
      untrusted,
    ],
    [
      'one of several names',
      company,
      signedBy(
        companySigner({
          names: [
            { kind: 'dns', value: 'x' },
            { kind: 'email', value: 'release@partner.example' },
          ],
        }),
      ),
      [],
    ],
    ['one without names', company, signedBy(companySigner({ names: [] })), untrusted],
    ['one of another root', company, signedBy(companySigner({ trustRoot: 'other' })), untrusted],
    [
      'one of Fulcio in the same root: its name needs an issuer',
      company,
      signedBy(companySigner({ issuer: 'https://accounts.evil.io' })),
      untrusted,
    ],
  ])('%s', (_title, authority, claim, want) => expect(codesOn(authority, claim)).toEqual(want));
});

describe('a distinguished name', () => {
  const named = (identity: object) => ({ certificate: { trustRoot: 'partner', identities: [identity] } });
  const claim = signedBy(companySigner());
  test.each([
    ['is compared', named({ dn: 'O=Partner' }), claim, []],
    ['of another company', named({ dn: 'O=Other' }), claim, untrusted],
    [
      'beside a name, both of which hold',
      named({ dn: 'O=Partner', subject: 'release@partner.example' }),
      claim,
      [],
    ],
    ['beside another name', named({ dn: 'O=Partner', subject: 'x@partner.example' }), claim, untrusted],
    ['needs no name', named({ dn: 'O=Partner' }), signedBy(companySigner({ names: [] })), []],
    [
      'of a certificate with an issuer',
      named({ dn: 'O=Partner' }),
      signedBy(companySigner({ issuer: 'https://x' })),
      untrusted,
    ],
  ])('%s', (_title, authority, one, want) => expect(codesOn(authority, one)).toEqual(want));
});

describe('a trust root that is not there', () => {
  const why = { what: 'trust root sigstore', why: 'there is no TrustRoot of this name' };
  const missing = { missingRoots: { sigstore: why } };
  test('matters where what there is is not enough', () => {
    expect(codesIn(keyless(), claimFacts({}, missing))).toEqual(['signature-unavailable']);
    expect(
      codesIn({ key: { pem: key.pem } }, claimFacts({ claims: [signedBy(key.signer)] }, missing)),
    ).toEqual([]);
  });
  test('says nothing to a check that does not ask for it', () => {
    expect(codesIn({ key: { pem: key.pem } }, claimFacts({}, missing))).toEqual(['signature-missing']);
  });
  test('a root with a name that every object has is not found missing', () => {
    const authority = keyless({}, { trustRoot: 'constructor' });
    expect(codesIn(authority, claimFacts({}, { missingRoots: {} }))).toEqual(['signature-missing']);
  });
});

describe('S8: signers of certificates', () => {
  const anyone = [
    { name: 'a', ...keyless({ subject: '**@refs/tags/*' }) },
    { name: 'b', ...keyless({ subject: 'https://github.com/acme/**@refs/tags/*' }) },
  ];
  const companies = ['partner', 'other'].map((trustRoot) => ({
    name: trustRoot,
    certificate: { trustRoot, identities: [{ subjectRegex: '.*' }] },
  }));
  const anchor = digestOf(`sha256:${'7'.repeat(64)}`);
  const people = ['a', 'b'].map((name) => ({
    name,
    certificate: { trustRoot: 'partner', identities: [{ subject: '*@partner.example' }] },
  }));
  const person = (names: readonly string[], subject = '') =>
    companySigner({
      subject,
      names: names.map((name) => ({ kind: 'email', value: `${name}@partner.example` })),
    });
  const withKey = [{ name: 'key', key: { pem: key.pem } }, companies[0]!];
  const codes = (authorities: readonly object[], ...claims: readonly SignatureClaim[]) =>
    codesIn({}, claimFacts({ claims }), { threshold: 2, authorities });
  const tooFew = ['signature-threshold'];
  test.each([
    [
      'one identity with two certificates is one',
      anyone,
      [keylessSignature(), keylessSignature({ certificateLogs: ['x'] })],
      tooFew,
    ],
    [
      'two identities are two',
      anyone,
      [
        keylessSignature(),
        keylessSignature({ names: [{ kind: 'uri', value: 'https://github.com/acme/b/x@refs/tags/1' }] }),
      ],
      [],
    ],
    [
      'one subject of two anchors is two',
      companies,
      [signedBy(companySigner()), signedBy(companySigner({ trustRoot: 'other', anchor }))],
      [],
    ],
    ['two names that share none are two', people, [signedBy(person(['a'])), signedBy(person(['b']))], []],
    [
      'two certificates with one name of several in common are one',
      people,
      [signedBy(person(['a', 'b'])), signedBy(person(['b', 'c']))],
      tooFew,
    ],
    [
      'two certificates of one subject with other names are one',
      people,
      [signedBy(person(['a'], 'CN=Alice')), signedBy(person(['b'], 'CN=Alice'))],
      tooFew,
    ],
    [
      'S2: a third one with the names of two others unites them not',
      people,
      [signedBy(person(['a'])), signedBy(person(['b'])), signedBy(person(['a', 'b']))],
      [],
    ],
    [
      'a key and a certificate over the same key are one',
      withKey,
      [signedBy(key.signer), signedBy(companySigner({ spki: key.signer.spki }))],
      tooFew,
    ],
    [
      'a key and a certificate over another key are two',
      withKey,
      [signedBy(key.signer), signedBy(companySigner())],
      [],
    ],
    [
      'one subject of one anchor in two roots is one',
      companies,
      [signedBy(companySigner()), signedBy(companySigner({ trustRoot: 'other' }))],
      tooFew,
    ],
  ])('%s', (_title, authorities, claims, want) => expect(codes(authorities, ...claims)).toEqual(want));
});

describe('what is found in the same facts is cached beyond a review where time cannot change it', () => {
  const mine = { key: { pem: key.pem } };
  test.each([
    ['a key', mine, {}, false],
    ['keyless', keyless(), {}, false],
    [
      'a certificate, which may end',
      { certificate: { trustRoot: 'x', identities: [{ subject: 'x' }] } },
      {},
      true,
    ],
    ['a key that ends', { ...mine, validUntil: '2027-01-01T00:00:00Z' }, {}, true],
    ['a key that begins', { ...mine, validFrom: '2027-01-01T00:00:00Z' }, {}, true],
    ['an age', keyless(), { maxAge: '1d' }, true],
    ['a key whose entry nobody need date: its log may end', { ...mine, require: { logs: 1 } }, {}, true],
    ['a key with a timestamp', { ...mine, require: { timestamps: 1 } }, {}, false],
    ['keyless in two logs, of which one may be undated', keyless({}, {}, { logs: 2 }), {}, true],
    ['keyless in a log of another root', keyless({}, {}, { trustRoot: 'other' }), {}, true],
  ])('%s', (_title, authority, check, want) => {
    const signature = { authorities: [{ name: 'a', ...authority }], ...check };
    const [compiled] = policySet({ p: { checks: [{ signature }] } }).policies;
    expect(
      compiled?.evidence.flatMap(({ rules }) => rules.map(({ readsSituation }) => readsSituation)),
    ).toEqual([want]);
  });
});
