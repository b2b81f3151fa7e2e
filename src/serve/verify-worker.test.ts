import { afterAll, describe, expect, test } from 'vitest';
import { dsseLayer, ecKey, statement, verification } from '../../test/fakes/signature/signed-layers.ts';
import { createWorkerVerifier } from '../adapters/verify-worker/worker-verifier.ts';
import type { JsonValue } from '../core/text/json/json.ts';
import type { Verification } from '../evidence/verify/verification.ts';

const key = ecKey();
const stranger = ecKey();
const never = new AbortController().signal;
const verifier = createWorkerVerifier({
  program: new URL('./verify-worker.ts', import.meta.url),
  threads: 1,
});
afterAll(() => verifier.close());

const predicateType = 'https://slsa.dev/provenance/v1';
const provenance = {
  buildDefinition: { externalParameters: { workflow: { ref: 'refs/tags/v1.2.3' } } },
  runDetails: { builder: { id: 'https://builder.example.com' } },
};
const attested = (
  texts: readonly string[],
  predicate: JsonValue | undefined = provenance,
  more: Partial<Verification> = {},
): Verification =>
  verification([dsseLayer([key.sign], statement({ predicateType, predicate }))], {
    says: 'attested',
    keys: [key.spki],
    expressions: texts.map((text) => ({ predicateType, text })),
    ...more,
  });
const resultsOf = async (asked: Verification) => {
  const { claims, rejected } = await verifier.verify(asked, () => ['shop'], never);
  return {
    rejected,
    results: claims.map((claim) => (claim.says === 'attested' ? claim.expressions : claim)),
  };
};
const error = (why: string) => ({ state: 'error', why: expect.stringContaining(why) });
const onTag = 'predicate.buildDefinition.externalParameters.workflow.ref.startsWith("refs/tags/")';

describe('an expression over an attestation, in the thread that verified it', () => {
  test.each([
    ['is true', onTag, { state: 'true' }],
    ['is false', `!${onTag}`, { state: 'false' }],
    ['reads the type', `predicateType == "${predicateType}"`, { state: 'true' }],
    [
      'reads the subject',
      'subject.exists(s, s.digest.sha256.size() == 64) && subject.size() == 1',
      { state: 'true' },
    ],
    ['fails where a field is not there', 'predicate.other.field == 1', error('other')],
    ['is no condition', 'predicate.runDetails.builder.id', error('neither true nor false')],
    ['cannot be compiled', 'predicate.buildDefinition ==', error('cannot be compiled: <input>:1')],
    [
      'nests too deep',
      'predicate.many.all(x, predicate.many.all(y, predicate.many.all(z, true)))',
      error('nest 3 deep'),
    ],
    [
      'takes too many steps',
      'predicate.many.all(x, predicate.many.all(y, x >= y || x < y))',
      error('more than 100000 steps'),
    ],
  ])('%s', async (_what, text, want) => {
    const many = Array.from({ length: 1000 }, (_, at) => at);
    const { rejected, results } = await resultsOf(attested([text], { ...provenance, many }));
    expect(rejected).toEqual([]);
    expect(results).toEqual([{ [text]: want }]);
  });

  test('several are evaluated, each for itself, and those of other types are not', async () => {
    const elsewhere = { predicateType: 'https://spdx.dev/Document', text: 'true' };
    const asked = attested([onTag, `!${onTag}`]);
    const { results } = await resultsOf({ ...asked, expressions: [...asked.expressions, elsewhere] });
    expect(results).toEqual([{ [onTag]: { state: 'true' }, [`!${onTag}`]: { state: 'false' } }]);
  });

  test.each([
    ['absent: it is empty', undefined, '!has(predicate.other)', { state: 'true' }],
    ['a list: it has no fields', ['a'], '!has(predicate.other)', error('has no fields')],
    ['a text', 'SPDXVersion: SPDX-2.3', 'predicate.startsWith("SPDXVersion:")', { state: 'true' }],
  ])('a predicate that is %s', async (_what, predicate, text, want) => {
    const layer = dsseLayer([key.sign], statement({ predicateType, predicate }));
    const { results } = await resultsOf(attested([text], undefined, { layers: [layer] }));
    expect(results).toEqual([{ [text]: want }]);
  });

  test('is not evaluated over a statement that nobody known has signed', async () => {
    const layer = dsseLayer([stranger.sign], statement({ predicateType, predicate: provenance }));
    const { rejected, results } = await resultsOf(attested([onTag], provenance, { layers: [layer] }));
    expect(results).toEqual([]);
    expect(rejected).toMatchObject([{ fault: 'untrusted' }]);
  });

  test('S3, S4: one that takes too long is a bad candidate, and the next one is verified', async () => {
    const slow = 'predicate.list.all(x, !predicate.text.contains("ab"))';
    const list = Array.from({ length: 30_000 }, () => 0);
    const text = 'a'.repeat(700_000);
    const began = performance.now();
    const { rejected, results } = await resultsOf(attested([slow], { list, text }));
    expect(results).toEqual([]);
    expect(rejected).toMatchObject([{ fault: 'slow' }]);
    expect(performance.now() - began).toBeLessThan(120_000);
    const other = await resultsOf(
      attested([onTag], provenance, { candidate: verification([]).subject.digest }),
    );
    expect(other.results).toEqual([{ [onTag]: { state: 'true' } }]);
  });
});
