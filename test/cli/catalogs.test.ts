import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import { criticalVector, osvRecord, osvZip } from '../fakes/advisories.ts';
import { debian, dpkgStatus, file, layerOf, npmPackage, pythonPackage } from '../fakes/image-layout.ts';
import { image } from '../fakes/registry/registry-content.ts';
import type { Written } from '../fakes/tar-writer.ts';
import { delayed } from '../fakes/registry/registry-wire-faults.ts';
import { createReviewOf } from './admission-review.ts';
import { itemsOf } from './decision-list.ts';
import { folderWith } from './imagegate.ts';
import { pod, podText, policyFolder, policyText } from './policies.ts';
import { stageRegistry, type RegistryStage } from './registry-stage.ts';
import { postUntilLookedInto, startGate, type RunningGate } from './running-gate.ts';
import { importFeeds } from './scan-stage.ts';

const hole = (id: string, ecosystem: string, name: string, more: object = {}): object =>
  osvRecord(id, { ecosystem, name, fixed: '2.0.0', vector: criticalVector, ...more });
const feeds = {
  'PyPI/all.zip': osvZip(hole('GHSA-pypi', 'PyPI', 'jinja2')),
  'npm/all.zip': osvZip(hole('GHSA-npm', 'npm', 'left-pad')),
  'Debian/all.zip': osvZip(hole('DSA-1', 'Debian:13', 'openssl')),
};
const check = { max: { critical: 0 }, unscanned: 'Deny', gaps: 'Deny' };
const policies = (more: object = {}, spec: object = {}): string =>
  policyFolder(policyText('holes', { checks: [{ vulnerabilities: { ...check, ...more } }], ...spec }));

let stage: RegistryStage;
let data = '';
let count = 0;

type Entries = readonly Written[];
/** An image whose layers hold these files. */
const pushed = (...layers: readonly Entries[]): string => {
  count += 1;
  const made = image({ user: String(count), layers: layers.map((entries) => layerOf(...entries)) });
  stage.registry.push('team/web', made, `v${String(count)}`);
  return `${stage.host}/team/web@${made.digest}`;
};
const system = (...more: Entries): Entries => [debian, ...more];

const outcome = async (reference: string, folder = policies(), more: readonly string[] = stage.config) => {
  const args = ['check', 'image', reference, '--policies', folder, '--data', data, '-o', 'json'];
  const ended = await stage.run([...args, ...more]);
  const [decision] = itemsOf(ended);
  return { code: ended.code, codes: decision?.findings.map(({ code }) => code), decision };
};

beforeAll(async () => {
  stage = await stageRegistry();
  data = folderWith();
  await importFeeds(feeds, data);
});

describe('an image without any list is judged by its layers', () => {
  test.each<[string, readonly Entries[], readonly string[]]>([
    [
      'an old npm package',
      [system(dpkgStatus('openssl', '2.1')), [npmPackage('left-pad', '1.0.0')]],
      ['vulnerable'],
    ],
    ['a fixed one', [system(dpkgStatus('openssl', '2.1')), [npmPackage('left-pad', '2.0.0')]], []],
    [
      'an old Python package',
      [system(dpkgStatus('openssl', '2.1'), pythonPackage('jinja2', '1.0'))],
      ['vulnerable'],
    ],
    ['an old Debian package', [system(dpkgStatus('openssl', '1.0'))], ['vulnerable']],
    [
      'a package that a later layer takes away',
      [
        system(dpkgStatus('openssl', '2.1'), npmPackage('left-pad', '1.0.0')),
        [file('app/node_modules/.wh.left-pad')],
      ],
      [],
    ],
    ['V1: a system without its database', [system()], ['vulnerability-gap']],
  ])('%s', async (_title, layers, codes) => {
    expect((await outcome(pushed(...layers))).codes).toEqual(codes);
  });

  test('finding and record say where it is, and whose list that is', async () => {
    const reference = pushed(system(dpkgStatus('openssl', '2.1')), [npmPackage('left-pad', '1.0.0')]);
    const { code, decision } = await outcome(reference);
    expect(code).toBe(1);
    expect(decision?.findings[0]).toMatchObject({
      message: expect.stringContaining('GHSA-npm in left-pad 1.0.0 (fixed in 2.0.0)'),
      detail: expect.stringContaining('2 packages found by the gate (cataloger 2)'),
    });
    expect(decision?.versions).toMatchObject({ cataloger: '2', advisories: expect.any(String) });
  });

  test('check manifest says the same', async () => {
    const reference = pushed(system(dpkgStatus('openssl', '1.0')));
    const args = ['check', 'manifest', '-f', '-', '--policies', policies(), '--data', data];
    const ended = await stage.run([...args, ...stage.config, '-o', 'json'], {
      input: podText('web', reference),
    });
    expect(itemsOf(ended)[0]?.findings.map(({ code }) => code)).toEqual(['vulnerable']);
  });

  test('check waits longer than a review: layers that come late are read', async () => {
    const reference = pushed(system(dpkgStatus('openssl', '2.1')));
    const disarm = stage.registry.fault({ path: '/blobs/', times: 2 }, delayed(3000));
    expect((await outcome(reference)).codes).toEqual([]);
    disarm();
  });

  test('V5: a layer that is not what the config names is refused, and nothing excuses it', async () => {
    const made = image({
      layers: [layerOf(...system(dpkgStatus('openssl', '2.1')))],
      config: { rootfs: { type: 'layers', diff_ids: [`sha256:${'0'.repeat(64)}`] } },
    });
    stage.registry.push('team/web', made);
    const lenient = policies({ unscanned: 'Warn', gaps: 'Warn' }, { onUnavailable: 'Warn' });
    const { code, decision } = await outcome(`${stage.host}/team/web@${made.digest}`, lenient);
    expect(code).toBe(1);
    expect(decision?.findings).toMatchObject([{ code: 'image-unavailable', mode: 'Deny', final: true }]);
  });

  test('V5: nor one with more bytes than `scan.bytes`', async () => {
    const noise = Buffer.alloc(2 ** 21, 'random bytes do not pack').map(
      (byte, at) => (byte * at * 7919) % 251,
    );
    const reference = pushed(system(dpkgStatus('openssl', '2.1'), file('noise', noise)));
    const row = { host: stage.host, plainHttp: true, allowPrivateAddress: true };
    const config = folderWith({
      'c.yaml': JSON.stringify({ registries: [row], scan: { bytes: '1MiB', unpacked: '1MiB' } }),
    });
    const { decision } = await outcome(reference, policies(), ['--config', `${config}/c.yaml`]);
    expect(decision?.findings).toMatchObject([{ code: 'image-unavailable', final: true }]);
  });
});

describe('serve', () => {
  const withGate = async (work: (gate: RunningGate) => Promise<void>): Promise<void> => {
    const match = { images: [`${stage.host}/**`] };
    const gate = await startGate(policies({}, { match }), stage.config, { data });
    try {
      await work(gate);
    } finally {
      await gate.stop();
    }
  };
  const metricsOf = async ({ admin }: RunningGate, pattern: RegExp): Promise<readonly string[]> => {
    const text = await (await fetch(`${admin}/metrics`)).text();
    return text.split('\n').filter((line) => pattern.test(line));
  };

  test('a Deployment first, and then no request to the registry for its Pod; metrics tell of both', async () => {
    const reference = pushed(system(dpkgStatus('openssl', '2.1')));
    const bare = pushed(system());
    await withGate(async (gate) => {
      const deployment = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: { template: { metadata: {}, spec: { containers: [{ name: 'web', image: reference }] } } },
      };
      const first = await postUntilLookedInto(gate, createReviewOf(deployment, 'one'));
      expect(first.response).toMatchObject({ allowed: true });
      stage.registry.forget();
      const second = await gate.post(createReviewOf(pod('web', reference) as JsonObject, 'two'));
      expect(second.response).toMatchObject({ allowed: true });
      expect(stage.registry.counts().total).toBe(0);
      const bareReview = createReviewOf(pod('bare', bare) as JsonObject, 'three');
      const refused = await postUntilLookedInto(gate, bareReview);
      expect(refused.response.status?.message).toContain('vulnerability-gap');
      expect(
        await metricsOf(gate, /^imagegate_(scans_(total|waiting)|scan_seconds_count|gaps_total)/),
      ).toEqual([
        'imagegate_scans_total{outcome="listed"} 2',
        'imagegate_gaps_total{kind="packages-missing"} 1',
        'imagegate_scans_waiting 0',
        'imagegate_scan_seconds_count 2',
      ]);
    });
  });

  test('B34: unscanned while the layers come, and admitted at the next try', async () => {
    const reference = pushed(system(dpkgStatus('openssl', '2.1')), [npmPackage('left-pad', '2.0.0')]);
    await withGate(async (gate) => {
      const disarm = stage.registry.fault({ path: '/blobs/', times: 3 }, delayed(6000));
      const review = async (uid: string) => {
        const answer = await gate.post(createReviewOf(pod('web', reference) as JsonObject, uid));
        return answer.response.status?.message ?? 'allowed';
      };
      expect(await review('one')).toMatch(/is not looked into yet \(\d+ of \d+ MB read; try again\)/);
      await vi.waitFor(async () => expect(await review('two')).toBe('allowed'), {
        timeout: 30_000,
        interval: 1000,
      });
      disarm();
    });
  });
});
