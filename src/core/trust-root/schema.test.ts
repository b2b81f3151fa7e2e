import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describePolicyProblem } from '../policy/load/problem-path.ts';
import { readTrustRoot } from './schema.ts';

const rootOf = (spec: unknown, metadata: object = { name: 'acme' }): unknown => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'TrustRoot',
  metadata,
  spec,
});
const problems = (value: unknown): readonly string[] => {
  const read = readTrustRoot(value);
  return read.ok ? [] : read.error.map(describePolicyProblem);
};

describe('a TrustRoot is read', () => {
  test.each([
    ['the text of a root', { sigstore: { trustedRoot: '{}' } }],
    ['a file beside the document', { sigstore: { file: './acme.json' } }],
    ['a file below it', { sigstore: { file: 'roots/acme-2026.jsonl' } }],
    ['anchors of a plain CA', { x509: { roots: 'PEM' } }],
  ])('%s', (_title, spec) => {
    expect(readTrustRoot(rootOf(spec))).toEqual({ ok: true, value: { name: 'acme', spec } });
  });

  test('with what a cluster adds', () => {
    const spec = { x509: { roots: 'PEM' } };
    const value = rootOf(spec, { name: 'acme', uid: '1', managedFields: [] }) as object;
    expect(readTrustRoot({ ...value, status: { conditions: [] } }).ok).toBe(true);
  });
});

describe('a TrustRoot is refused', () => {
  test.each<[string, unknown, readonly string[]]>([
    ['nothing', {}, ['spec: write exactly one of sigstore, x509']],
    [
      'two kinds',
      { sigstore: { trustedRoot: '{}' }, x509: { roots: 'PEM' } },
      ['spec: holds sigstore and x509; write exactly one of sigstore, x509'],
    ],
    ['no source', { sigstore: {} }, ['spec.sigstore: write exactly one of trustedRoot, file']],
    [
      'two sources',
      { sigstore: { trustedRoot: '{}', file: './a.json' } },
      ['spec.sigstore: holds trustedRoot and file; write exactly one of trustedRoot, file'],
    ],
    [
      'R5: TUF',
      { sigstore: { tuf: { mirror: 'https://tuf.example.com' } } },
      [
        'spec.sigstore.tuf: this version cannot fetch a root from a TUF repository: give its trusted_root.json in `trustedRoot` or `file`',
      ],
    ],
    [
      'R5: Notary',
      { notary: { ca: 'PEM' } },
      [
        'spec.notary: this version cannot verify Notary Project signatures: remove this trust root, or run a version that can',
      ],
    ],
    [
      'R9: a misspelt field',
      { sigstore: { trustedroot: '{}' } },
      ['spec.sigstore.trustedroot: unknown field "trustedroot", did you mean "trustedRoot"?'],
    ],
    [
      'R9: a misspelt kind',
      { x508: { roots: 'PEM' } },
      ['spec.x508: unknown field "x508", did you mean "x509"?'],
    ],
    ['an empty text', { sigstore: { trustedRoot: '' } }, ['spec.sigstore.trustedRoot: must not be empty']],
    [
      'a huge text',
      { x509: { roots: ' '.repeat(256 * 1024 + 1) } },
      ['spec.x509.roots: has more than 262144 characters'],
    ],
    [
      'an object where text belongs',
      { x509: { roots: {} } },
      ['spec.x509.roots: expected text, found an object'],
    ],
    ['no spec', undefined, ['spec: missing field "spec"']],
    ['a prototype', JSON.parse('{"__proto__":{}}'), ['spec.__proto__: unknown field "__proto__"']],
  ])('%s', (_title, spec, want) => expect(problems(rootOf(spec))).toEqual(want));

  test.each([
    '../acme.json',
    '/etc/acme.json',
    'a/../../b.json',
    './.hidden.json',
    '..',
    'a\\b.json',
    'acme.pem',
    'a//b.json',
  ])('a file that may lead out of the folder, or is of another kind: %s', (file) => {
    expect(problems(rootOf({ sigstore: { file } }))).toEqual([
      `spec.sigstore.file: ${JSON.stringify(file)} must name a file *.json or *.jsonl in the folder of this document or below it, such as ./acme.json`,
    ]);
  });

  test('a namespace, since it is an object of the whole cluster', () => {
    const value = rootOf({ x509: { roots: 'PEM' } }, { name: 'acme', namespace: 'shop' });
    expect(problems(value)).toEqual([
      'metadata.namespace: a TrustRoot is cluster-scoped and has no namespace',
    ]);
  });

  test('anything else never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(readTrustRoot(value).ok).toBe(false);
        expect(readTrustRoot(rootOf(value)).ok).toBe(false);
      }),
    );
  });
});
