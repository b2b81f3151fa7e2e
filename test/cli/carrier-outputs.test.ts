import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { image, type FakeManifest } from '../fakes/registry/registry-content.ts';
import {
  buildkitAttestations,
  buildkitIndex,
  simpleSignature,
  tagFor,
} from '../fakes/signature/signed-candidates.ts';
import { createReviewOf } from './admission-review.ts';
import { golden, normalised } from './golden.ts';
import { imagegate } from './imagegate.ts';
import { pod } from './policies.ts';
import { startGate, type RunningGate } from './running-gate.ts';
import {
  authority,
  policies,
  release,
  slsa,
  stageVerify,
  stranger,
  type VerifyStage,
} from './verify-stage.ts';

/** What a builder says without an envelope counts by who signed the index: how that is told, everywhere. */

const by = policies(
  [{ attestation: { predicateType: slsa, authorities: [authority(release, 'builder')] } }],
  { multiArch: { mode: 'each-platform' } },
);

let stage: VerifyStage;
let gate: RunningGate;
/** Signed by whom the policy names, and by somebody else. */
const named = { signed: '', foreign: '' };

beforeAll(async () => {
  stage = await stageVerify();
  const push = (repository: string, { sign }: typeof release): string => {
    const built = ['amd64', 'arm64'].map((architecture): readonly [FakeManifest, FakeManifest] => {
      const one = image({
        user: architecture,
        labels: { repository },
        platform: { os: 'linux', architecture },
      });
      return [one, buildkitAttestations(one, { [slsa]: { buildDefinition: {} } })];
    });
    const made = buildkitIndex(built);
    for (const one of [...built.flat(), made]) stage.registry.push(repository, one);
    stage.registry.push(repository, simpleSignature(made, sign), tagFor(made, 'sig'));
    return `${stage.host}/${repository}@${made.digest}`;
  };
  named.signed = push('shop/built', release);
  named.foreign = push('shop/other', stranger);
  gate = await startGate(by[1] ?? '', ['--replica', 'golden', ...stage.config]);
});
afterAll(() => gate.stop());

/** Keys are new in each run, and so is every digest that rests on them: each is a number, in the order of the text. */
const numbered = (text: string): string => {
  const numbers = new Map<string, string>();
  const numberOf = (hex: string): string => {
    const key = hex.slice(0, 12);
    const number = numbers.get(key) ?? String(numbers.size + 1).padStart(12, '0');
    numbers.set(key, number);
    return number.padEnd(hex.length, '0');
  };
  return normalised(text.replaceAll(stage.host, '127.0.0.1:99999'))
    .replaceAll(/\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z/g, 'TIME')
    .replaceAll(/("evidence": )[\d.]+/g, '$1DURATION')
    .replaceAll(/…[0-9a-f]{12,}(?= )/g, '…TAIL')
    .replaceAll(/(?<=sha256[:-])[0-9a-f]{12,64}/g, numberOf);
};

describe('golden: a statement that counts by the signed index that lists it', () => {
  test.each([
    ['table', 'verify-carrier.txt'],
    ['json', 'verify-carrier.json'],
  ])('verify -o %s', async (format, file) => {
    const ended = await stage.verify(named.signed, ...by, '-o', format);
    expect(ended.code).toBe(0);
    golden(file, numbered(ended.stdout));
  });

  test('check image, where somebody else signed the index', async () => {
    const ended = await stage.run(['check', 'image', named.foreign, ...by, ...stage.config]);
    expect(ended.code).toBe(1);
    golden('check-carrier.txt', numbered(ended.stdout));
  });

  test('the record, and explain', async () => {
    const uid = '00000000-0000-4000-8000-00000000000';
    const ask = (name: string, image: string, number: string) =>
      gate.post(createReviewOf({ ...pod(name, image) }, `${uid}${number}`, 'shop'), {}, 30);
    const good = await ask('good', named.signed, '1');
    const bad = await ask('bad', named.foreign, '2');
    expect([good, bad].map(({ response }) => response.allowed)).toEqual([true, false]);
    const decisions = await gate.recorded(2);
    golden('decisions-carrier.json', numbered(`${JSON.stringify(decisions, undefined, 2)}\n`));
    for (const [at, name] of ['bad', 'good'].entries()) {
      const explained = await imagegate(['explain', decisions[at]?.id ?? '', '--data', gate.data]);
      golden(`explain-carrier-${name}.txt`, numbered(explained.stdout));
    }
  });
});
