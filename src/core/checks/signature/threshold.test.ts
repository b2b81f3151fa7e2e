import { expect, test } from 'vitest';
import { companySigner } from '../../../../test/fakes/claims.ts';
import { threadTime } from '../../../../test/fakes/cpu-time.ts';
import { digestOf } from '../../../../test/fakes/image-facts.ts';
import { distinctAuthorities, marksOf } from './threshold.ts';

/** As many marks as a certificate with 32 names has. */
const names = Array.from({ length: 33 }, (_, at) => `["anchor","sha256:${'a'.repeat(64)}","uri",${at}]`);
const signer = (name: string, ...shared: readonly string[]): readonly string[] => [
  ...names.map((mark) => `${mark} ${name}`),
  ...shared,
];
/** Authorities with 64 signers each; two and two share a mark, so that one of both counts. Nothing else can be told of them. */
const pairs = (count: number): readonly (readonly (readonly string[])[])[] =>
  Array.from({ length: 2 * count }, (_, authority) =>
    Array.from({ length: 64 }, (__, at) => signer(`${authority} ${at}`, `pair ${authority >> 1}`)),
  );

/** The first signer of the first authority stands for the last one too; the second does not. */
const trap = (count: number): ReturnType<typeof pairs> => [
  [signer('both', 'last'), signer('one')],
  ...pairs(count),
  [signer('last', 'last')],
];

test('S8: within 10,000 choices the count is exact', () => {
  for (const count of [0, 1]) expect(distinctAuthorities(trap(count))).toBe(count + 2);
});

test('S8: beyond 10,000 choices it is the best that was found: never more than there are, and in little time', () => {
  const lists = trap(15);
  let found = 0;
  // 32 authorities with 64 certificates of 32 names: it takes about 80 ms.
  expect(threadTime(() => (found = distinctAuthorities(lists)))).toBeLessThan(1000);
  // 15 of the pairs, and the first authority by the signer that was tried first; the 17th was not reached.
  expect(found).toBe(16);
  expect(distinctAuthorities(pairs(16))).toBe(16);
});

test('S8: certificates of one CA with one general subject are one signer, whoever holds them', () => {
  const anchor = digestOf(`sha256:${'a'.repeat(64)}`);
  const held = (spki: string, subject: string, email: string) =>
    marksOf(companySigner({ spki, anchor, subject, names: [{ kind: 'email', value: email }] }));
  const ann = held('a', 'O=Acme', 'ann@acme.example');
  expect(distinctAuthorities([[ann], [held('b', 'O=Acme', 'bob@acme.example')]])).toBe(1);
  expect(distinctAuthorities([[ann], [held('b', 'CN=Bob,O=Acme', 'bob@acme.example')]])).toBe(2);
});
