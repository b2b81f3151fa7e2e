import { describe, expect, test } from 'vitest';
import { createEvidenceHarness } from '../fakes/evidence/evidence-harness.ts';
import { fakeClock, fakeGate, pod, requestFor } from '../fakes/gate.ts';
import { artifact, blob, image, index, type FakeManifest } from '../fakes/registry/registry-content.ts';

const host = 'registry.example.com/team';
const recent = new Date(fakeClock().now() - 86_400_000).toISOString();
const app = image({ user: '1000', created: recent });
const created = 'org.opencontainers.image.created';
const model = (annotations: Readonly<Record<string, string>> = {}): FakeManifest =>
  artifact({
    artifactType: 'application/vnd.example.model',
    annotations: { [created]: recent, ...annotations },
  });
/** WebAssembly modules lie in a registry with a config that names a platform, and are no image all the same. */
const wasm = artifact({
  config: blob('{"architecture":"wasm","os":"wasip1"}', 'application/vnd.wasm.config.v0+json'),
  annotations: { [created]: recent },
});
const data = image({ created: recent });

/** The codes for a Pod that runs `app` and mounts `mounted`; `asContainer`: that runs it as well. */
const codesFor = async (
  condition: object,
  mounted: FakeManifest,
  { asContainer = false, multiArch = {}, onUnavailable = 'Deny' } = {},
): Promise<readonly string[]> => {
  const harness = createEvidenceHarness();
  harness.registry.push(`${host}/app`, app);
  harness.registry.push(`${host}/data`, mounted);
  const checks = [{ digest: { require: true } }, { image: condition }];
  const policies = { data: { checks, multiArch, onUnavailable } };
  const gate = fakeGate({ policies, evidence: harness.evidence });
  const reference = `${host}/data@${mounted.digest}`;
  const containers = { app: `${host}/app@${app.digest}`, ...(asContainer ? { other: reference } : {}) };
  const volumes = [{ name: 'data', image: { reference } }];
  const decision = await gate.admit(requestFor(pod(containers, { spec: { volumes } })));
  expect(gate.bugs).toEqual([]);
  expect(decision.allowed).toBe(decision.findings.every(({ mode }) => mode !== 'Deny'));
  return decision.findings.map(
    ({ path, code, mode }) => `${path ?? ''}: ${code}${mode === 'Deny' ? '' : ` ${mode}`}`,
  );
};
const volume = 'spec.volumes[0].image.reference';
const old = '2020-01-01T00:00:00Z';

describe('an image volume is data: nothing runs from it', () => {
  test.each<[string, object, FakeManifest, readonly string[]]>([
    ['an image without a user passes NonRoot', { user: 'NonRoot' }, data, []],
    ['and NonRootNumeric', { user: 'NonRootNumeric' }, image({ user: 'root', created: recent }), []],
    ['an index of them passes', { user: 'NonRoot' }, index([data]), []],
    ['an image that is too old does not pass', { maxAge: '90d' }, image({ created: old }), ['image-too-old']],
    [
      'an image without the label does not',
      { labels: { required: { 'data-class': ['*'] } } },
      data,
      ['image-label'],
    ],
    ['an image that is too large does not', { maxSize: '1' }, data, ['image-too-large']],
    ['an image for another platform does not', { platforms: ['linux/arm64'] }, data, ['image-platform']],
    [
      'a model passes',
      { user: 'NonRoot', maxAge: '90d', maxSize: '1Gi', platforms: ['linux/amd64'] },
      model(),
      [],
    ],
    ['a module of WebAssembly passes', { user: 'NonRoot', maxAge: '90d' }, wasm, []],
    ['an index of models passes', { user: 'NonRoot', maxAge: '90d' }, index([model()]), []],
    ['a model that is too old does not', { maxAge: '90d' }, model({ [created]: old }), ['image-too-old']],
    [
      'a model that says no time does not',
      { maxAge: '90d' },
      model({ [created]: '' }),
      ['image-time-unknown'],
    ],
    ['a model that is too large does not', { maxSize: '1' }, model(), ['image-too-large']],
    [
      'a model with a forbidden annotation does not',
      { labels: { forbidden: { stage: ['dev'] } } },
      model({ stage: 'dev' }),
      ['image-label'],
    ],
    [
      'a model with another one does',
      { labels: { forbidden: { stage: ['dev'] } } },
      model({ stage: 'live' }),
      [],
    ],
  ])('%s', async (_title, condition, mounted, codes) => {
    const of = codes.map((code) => `${volume}: ${code}`);
    expect((await codesFor(condition, mounted)).filter((one) => one.startsWith(volume))).toEqual(of);
  });

  test('the platforms of the nodes are judged of an image volume, and no artifact has any', async () => {
    const multiArch = { mode: 'platforms', platforms: ['linux/amd64'] };
    const arm = image({ created: recent, platform: { os: 'linux', architecture: 'arm64' } });
    expect(await codesFor({ user: 'NonRoot' }, model(), { multiArch })).toEqual([]);
    expect(await codesFor({ user: 'NonRoot' }, arm, { multiArch })).toEqual([`${volume}: image-platform`]);
  });

  test('what is mounted and run as well is judged as each', async () => {
    const both = { asContainer: true, onUnavailable: 'Warn' };
    const container = 'spec.containers[1].image';
    expect(await codesFor({ user: 'NonRoot' }, data, both)).toEqual([`${container}: image-user-root`]);
    for (const mounted of [model(), wasm]) {
      expect(await codesFor({ user: 'NonRoot' }, mounted, both)).toEqual([`${container}: image-unavailable`]);
    }
  });
});

test('unknownTime: Warn lets a Pod in and tells its user, and Deny does not', async () => {
  const untimed = model({ [created]: '1980-01-01T00:00:01Z' });
  const code = `${volume}: image-time-unknown`;
  expect(await codesFor({ maxAge: '90d' }, untimed)).toEqual([code]);
  expect(await codesFor({ maxAge: '90d', unknownTime: 'Warn' }, untimed)).toEqual([`${code} Warn`]);
  expect(await codesFor({ maxAge: '90d', unknownTime: 'Allow' }, untimed)).toEqual([]);
});
