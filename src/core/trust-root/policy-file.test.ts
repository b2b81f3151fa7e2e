import { expect, test } from 'vitest';
import { formatProblem } from '../policy/load/document.ts';
import { namedTrustRoots } from './named-roots.ts';
import { findRepeatedNames, readPolicyFile } from './policy-file.ts';
import { anyExpression } from '../../../test/fakes/policy-set.ts';

const policy = (name: string): string => `apiVersion: imagegate.dev/v1alpha1
kind: ImagePolicy
metadata: { name: ${name} }
spec: { checks: [{ digest: { require: true } }] }
`;
const root = (name: string): string => `apiVersion: imagegate.dev/v1alpha1
kind: TrustRoot
metadata: { name: ${name} }
spec:
  x509:
    roots: PEM
`;
const read = (text: string) => {
  const file = readPolicyFile(text, 'a.yaml', anyExpression);
  if (!file.ok) return file.error.map(formatProblem);
  const { policies, trustRoots } = file.value;
  return [policies.map((one) => one.policy.metadata.name), trustRoots.map((one) => one.trustRoot.name)];
};

test('policies and trust roots stand in one file, in Lists too', () => {
  expect(read(`${policy('p')}---\n${root('r')}---\n${policy('q')}`)).toEqual([['p', 'q'], ['r']]);
  const list = (kind: string): string =>
    `apiVersion: v1\nkind: ${kind}\nitems:\n- ${root('r').trim().replaceAll('\n', '\n  ')}\n`;
  expect(read(list('List'))).toEqual([[], ['r']]);
  expect(read(list('TrustRootList'))).toEqual([[], ['r']]);
});

test('mistakes in a trust root have their place', () => {
  expect(read(`${policy('p')}---\n${root('r').replace('roots:', 'root:')}`)).toEqual([
    'a.yaml:10:3: missing field "roots"',
    'a.yaml:11:5: unknown field "root"; did you mean "roots"?',
  ]);
});

test.each([
  ['kind: TrustRoots\napiVersion: x\n', 'a.yaml:1:1: unknown kind "TrustRoots"; did you mean "TrustRoot"?'],
  [
    'kind: ConfigMap\napiVersion: v1\n',
    'a.yaml:1:1: "ConfigMap" is no policy of this gate; keep only ImagePolicy and TrustRoot objects in policy files',
  ],
  ['a: 1\n', 'a.yaml:1:1: has neither apiVersion nor kind; an ImagePolicy or a TrustRoot belongs here'],
])('another object is refused: %s', (text, want) => expect(read(text)).toEqual([want]));

test('a policy and a trust root may have one name, two trust roots may not', () => {
  const file = readPolicyFile(`${policy('x')}---\n${root('x')}---\n${root('x')}`, 'a.yaml', anyExpression);
  const problems = file.ok ? findRepeatedNames(file.value) : [];
  expect(problems.map(formatProblem)).toEqual([
    'a.yaml:15:13: trust root "x" is already defined in a.yaml:6',
  ]);
});

test('every field trustRoot of the checks names one, with its place', () => {
  const check = {
    signature: {
      authorities: [
        { name: 'a', keyless: { trustRoot: 'sigstore', identities: [] } },
        { name: 'b', key: { pem: 'x' }, require: { timestamps: 1, trustRoot: 'acme' } },
      ],
    },
  };
  const policyOf = (checks: readonly object[]) =>
    ({ spec: { checks } }) as unknown as Parameters<typeof namedTrustRoots>[0];
  expect(namedTrustRoots(policyOf([{ tags: { deny: ['trustRoot'] } }, check]))).toEqual([
    { name: 'sigstore', path: ['spec', 'checks', 1, 'signature', 'authorities', 0, 'keyless', 'trustRoot'] },
    { name: 'acme', path: ['spec', 'checks', 1, 'signature', 'authorities', 1, 'require', 'trustRoot'] },
  ]);
});
