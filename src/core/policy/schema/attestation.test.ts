import { describe, expect, test } from 'vitest';
import { signingKey } from '../../../../test/fakes/claims.ts';
import { predicateTypeOf } from '../../facts/predicate-type.ts';
import { fail } from '../../result.ts';
import { readPolicy, type CompileExpression } from './schema.ts';
import { anyExpression } from '../../../../test/fakes/policy-set.ts';

const { pem } = signingKey();
const key = { name: 'builder', key: { pem } };
const dated = { ...key, require: { timestamps: 1 } };

const problems = (
  attestation: object,
  compileExpression: CompileExpression = anyExpression,
): readonly string[] => {
  const read = readPolicy(
    {
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'ImagePolicy',
      metadata: { name: 'p' },
      spec: {
        checks: [{ attestation: { predicateType: 'slsaprovenance1', authorities: [key], ...attestation } }],
      },
    },
    compileExpression,
  );
  return read.ok
    ? []
    : read.error.map(
        ({ path, message, suggestion }) =>
          `${path.slice(3).join('.')}: ${message}${suggestion === undefined ? '' : ` -> ${suggestion}`}`,
      );
};

test.each([
  ['a type and who attests it', {}],
  ['a type as a URI', { predicateType: 'https://spdx.dev/Document/v2.3' }],
  ['the newest of dated ones', { select: 'Newest', authorities: [dated] }],
  [
    'what provenance says',
    { provenance: { builders: ['https://github.com/acme/*'], refs: ['refs/tags/*'] } },
  ],
  ['an expression', { expression: 'predicate.level > 2 && has(predicate.x)' }],
])('%s may be asked for', (_title, attestation) => expect(problems(attestation)).toEqual([]));

describe('S9: what could never hold, or would hold without being asked, is refused', () => {
  const at = 'attestation';
  test.each([
    ['no authority', { authorities: [] }, `${at}.authorities: must not be empty`],
    ['a word that is none', { predicateType: 'slsaprovenace1' }, '-> slsaprovenance1'],
    ['a threshold over the authorities', { threshold: 2 }, `${at}.threshold: 2 is more than the 1`],
    [
      'Newest without a time',
      { select: 'Newest' },
      `${at}.authorities.0: nothing dates what it signs, and \`select: Newest\``,
    ],
    [
      'an age without a time',
      { maxAge: '7d' },
      `${at}.authorities.0: nothing dates what it signs, and \`maxAge\``,
    ],
    ['provenance that asks for nothing', { provenance: {} }, `${at}.provenance: asks for nothing`],
    [
      'a list that asks for nothing',
      { provenance: { refs: [] } },
      `${at}.provenance.refs: must not be empty`,
    ],
    ['conditions left empty', { expression: null }, `${at}.expression: expected text, found nothing`],
    ['an unknown selection', { select: 'newest' }, '-> Newest'],
    ['a name, which attestations do not hold', { signedAs: '{host}/{path}' }, 'unknown field "signedAs"'],
  ])('%s', (_title, attestation, want) => {
    expect(problems(attestation)).toEqual([expect.stringContaining(want)]);
  });
});

test.each([
  ['custom', 'https://cosign.sigstore.dev/attestation/v1'],
  ['slsaprovenance', 'https://slsa.dev/provenance/v0.2'],
  ['slsaprovenance02', 'https://slsa.dev/provenance/v0.2'],
  ['slsaprovenance1', 'https://slsa.dev/provenance/v1'],
  ['spdx', 'https://spdx.dev/Document'],
  ['spdxjson', 'https://spdx.dev/Document'],
  ['cyclonedx', 'https://cyclonedx.org/bom'],
  ['link', 'https://in-toto.io/Link/v1'],
  ['vuln', 'https://cosign.sigstore.dev/attestation/vuln/v1'],
  ['openvex', 'https://openvex.dev/ns'],
  ['https://a.example/type', 'https://a.example/type'],
  ['toString', undefined],
  ['slsa', undefined],
])('cosign calls %s what it is here', (word, uri) => expect(predicateTypeOf(word)).toBe(uri));

describe('R5: an expression that could only ever refuse', () => {
  test('is refused with the words of the compiler', () => {
    const compiling: CompileExpression = (text) => fail(`<input>:1:${text.length}: expecting more`);
    expect(problems({ expression: 'predicate.level >' }, compiling)).toEqual([
      'attestation.expression: the expression cannot be compiled: <input>:1:17: expecting more',
    ]);
  });

  test('and more text than is compiled while reviews wait', () => {
    const long = { attestation: { predicateType: 'spdx', authorities: [key], expression: 'x'.repeat(4096) } };
    const policyOf = (checks: number) => ({
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'ImagePolicy',
      metadata: { name: 'p' },
      spec: { checks: Array.from({ length: checks }, () => long) },
    });
    expect(readPolicy(policyOf(4), anyExpression).ok).toBe(true);
    expect(readPolicy(policyOf(5), anyExpression)).toMatchObject({
      error: [
        {
          path: ['spec', 'checks', 4, 'attestation', 'expression'],
          message: expect.stringContaining('16384 characters'),
        },
      ],
    });
  });
});
