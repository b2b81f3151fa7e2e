import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ScanVerdict } from '../../src/cli/scan/policy-verdict.ts';
import type { ScanReport } from '../../src/core/vulnerability/report/scan-report.ts';
import { cycloneDx } from '../fakes/advisories.ts';
import {
  blob,
  debian,
  dockerSave,
  dpkgStatus,
  indexOf,
  indexType,
  layoutImage,
  layoutOf,
  tarOfFiles,
  type LayoutLayer,
} from '../fakes/image-layout.ts';
import { folderWith } from './imagegate.ts';
import { policyFolder, policyText } from './policies.ts';
import { bad, good, layerAt, reportsOf, stageLocalScan } from './scan-stage.ts';

const scan = stageLocalScan();

describe('scan --policies of what lies on this machine', () => {
  const named = 'registry.example.com/shop/web:1.4.2';
  const policies = (checks: readonly object[], spec: object = {}): string =>
    policyFolder(policyText('local', { checks, ...spec }));
  const holes = (more: object = {}): object => ({
    vulnerabilities: { max: { high: 0 }, unscanned: 'Deny', gaps: 'Deny', ...more },
  });
  const judge = async (target: string, folder: string, ...more: readonly string[]) => {
    const ended = await scan(target, '--policies', folder, '--name', named, '-o', 'json', ...more);
    const reports = reportsOf(ended) as readonly (ScanReport & { readonly verdict?: ScanVerdict })[];
    return {
      code: ended.code,
      codes: reports.map(({ verdict }) => verdict?.findings.map(({ code }) => code)),
    };
  };
  const unpacked = (layers: readonly LayoutLayer[]): string =>
    folderWith(
      Object.fromEntries(
        layers.flatMap(({ entries }) => entries.map(({ name, content }) => [name, Buffer.from(content)])),
      ),
    );
  const saved = (layers: readonly LayoutLayer[]): string => {
    const path = join(folderWith(), 'image.tar');
    writeFileSync(path, tarOfFiles(dockerSave(layers)));
    return `tar:${path}`;
  };

  test.each<[string, (layers: readonly LayoutLayer[]) => string]>([
    ['an OCI layout', (layers) => `oci:${folderWith(layoutOf(layers))}`],
    ['what docker save writes', saved],
    ['a folder', (layers) => `rootfs:${unpacked(layers)}`],
  ])('%s is judged by its layers, as it will be once it is pushed', async (_, targetOf) => {
    const folder = policies([holes()]);
    expect(await judge(targetOf(bad), folder)).toEqual({ code: 1, codes: [['vulnerable']] });
    const current = [{ entries: [debian, dpkgStatus('openssl', '3.5.2-1')] }];
    expect(await judge(targetOf(current), folder)).toEqual({ code: 0, codes: [[]] });
  });

  test('each image of a layout by itself, for the platforms that a policy judges', async () => {
    const files = layoutOf();
    const children = [
      { ...layoutImage(files, good), platform: { os: 'linux', architecture: 'amd64' } },
      { ...layoutImage(files, bad, 'arm64'), platform: { os: 'linux', architecture: 'arm64' } },
    ];
    files['index.json'] = indexOf([blob(files, indexOf(children), indexType)]);
    const target = `oci:${folderWith(files)}`;
    expect(await judge(target, policies([holes()]))).toEqual({ code: 1, codes: [[], ['vulnerable']] });
    const amd = { multiArch: { mode: 'platforms', platforms: ['linux/amd64'] } };
    expect(await judge(target, policies([holes()], amd))).toEqual({
      code: 1,
      codes: [[], ['image-platform']],
    });
    const only = await judge(target, policies([holes()], amd), '--platform', 'linux/amd64');
    expect(only).toEqual({ code: 0, codes: [[]] });
  });

  test('the policies are those of the name', async () => {
    const target = `oci:${folderWith(layoutOf(bad))}`;
    const elsewhere = policies([holes()], { match: { images: ['registry.example.com/other/**'] } });
    expect(await judge(target, elsewhere)).toEqual({ code: 1, codes: [['unmatched']] });
    const tags = policies([{ tags: { deny: ['1.4.*'] } }]);
    expect(await judge(target, tags)).toEqual({ code: 1, codes: [['tag-denied']] });
  });

  test('V16: what nobody can look at here is no pass: who signed, and the config of what has none', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const key = { name: 'release', key: { pem } };
    const signed = policies([{ signature: { authorities: [key] } }]);
    const layout = `oci:${folderWith(layoutOf(good))}`;
    expect(await judge(layout, signed)).toEqual({ code: 3, codes: [['image-unavailable']] });
    const user = policies([{ image: { user: 'NonRoot' } }, { digest: { pin: true } }]);
    expect(await judge(layout, user)).toEqual({ code: 1, codes: [['image-user-root']] });
    expect(await judge(`rootfs:${unpacked(good)}`, user)).toEqual({
      code: 3,
      codes: [['image-unavailable']],
    });
  });

  test('V16: an image of which a layer cannot be read', async () => {
    const files = layoutOf(good);
    const target = `oci:${folderWith(files)}`;
    const report = reportsOf(await scan(target, '-o', 'json'))[0];
    const cut = { ...files, [layerAt(files, report, 0)]: Buffer.from('cut') };
    expect(await judge(`oci:${folderWith(cut)}`, policies([holes()]))).toEqual({
      code: 3,
      codes: [['image-unavailable']],
    });
    expect(await judge('oci:/nowhere', policies([holes()]))).toEqual({
      code: 3,
      codes: [['image-unavailable']],
    });
  });

  test('a list in a file counts where the policy takes unsigned lists; it shows no layer', async () => {
    const folder = folderWith({
      'a.json': cycloneDx(['pkg:npm/left@1.0.0']),
      'b.json': cycloneDx(['pkg:npm/left@2.0.0']),
    });
    const unsigned = policies([holes({ evidence: [{ sbom: { unsigned: true } }] })]);
    expect(await judge(`sbom:${join(folder, 'a.json')}`, unsigned)).toEqual({
      code: 1,
      codes: [['vulnerable']],
    });
    expect(await judge(`sbom:${join(folder, 'b.json')}`, unsigned)).toEqual({ code: 0, codes: [[]] });
    const layers = policies([holes()]);
    expect(await judge(`sbom:${join(folder, 'b.json')}`, layers)).toEqual({
      code: 3,
      codes: [['image-unavailable']],
    });
  });
});
