import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { ScanReport } from '../../../src/core/vulnerability/report/scan-report.ts';
import { criticalVector, osvRecord } from '../../fakes/advisories.ts';
import { startDockerRegistry } from '../harness/docker-registry.ts';
import { eventually } from '../harness/eventually.ts';
import { createPod, judgeImages } from '../harness/evidence-judged.ts';
import { rowOf, stageEvidence } from '../harness/evidence-stage.ts';
import { startGoRegistry } from '../harness/go-registry.ts';
import { imagegate } from '../harness/imagegate.ts';
import { dayFromNow, importAdvisories } from '../harness/import-advisories.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { skopeo } from '../harness/registry-commands.ts';
import type { RunningRegistry } from '../harness/registry-process.ts';
import { withRpmImage } from '../harness/rpm-image.ts';
import { installSystemImage, packings } from '../harness/system-image.ts';

const repository = 'shop/system';
const registryNames = ['docker', 'go'] as const;

const hole = (id: string, ecosystem: string, name: string, fixed: string): object =>
  osvRecord(id, { ecosystem, name, fixed, vector: criticalVector });
/** All that they speak of is fixed in the images, or taken away by a layer. */
const fixed = {
  Debian: [hole('DSA-fixed', 'Debian:12', 'bash', '5.2')],
  npm: [hole('GHSA-removed', 'npm', 'lodash', '4.17.21')],
  PyPI: [hole('GHSA-pypi', 'PyPI', 'jinja2', '2.10')],
  Go: [hole('GO-1', 'Go', 'golang.org/x/text', '0.3.5')],
  AlmaLinux: [hole('ALSA-fixed', 'AlmaLinux:9', 'openssl-libs', '1:3.0.7-28.el9_4')],
};
const vulnerable = {
  ...fixed,
  Debian: [...fixed.Debian, hole('DSA-open', 'Debian:12', 'bash', '99')],
  AlmaLinux: [...fixed.AlmaLinux, hole('ALSA-open', 'AlmaLinux:9', 'openssl-libs', '1:3.0.7-29.el9_4')],
};

/** Debian by debootstrap, with packages of npm and PyPI and a Go program above, and one that a layer takes away. */
describe('an image of real parts', () => {
  const { layouts, dpkgQuery } = installSystemImage();
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-system-'));
  const config = join(folder, 'config.yaml');
  const rpmLayout = join(folder, 'rpm');
  const rpmQuery = withRpmImage((layout, query) => {
    cpSync(layout, rpmLayout, { recursive: true });
    return query;
  });
  const push = (layout: string, { host }: RunningRegistry, tag: string): Promise<string> =>
    skopeo([
      'copy',
      '--quiet',
      '--preserve-digests',
      '--dest-tls-verify=false',
      `oci:${layout}:latest`,
      `docker://${host}/${repository}:${tag}`,
    ]);
  const stage = stageEvidence(async () => {
    const registries = { docker: await startDockerRegistry(), go: await startGoRegistry() };
    const rows = { registries: Object.values(registries).map(rowOf) };
    mkdirSync(join(folder, 'data'));
    writeFileSync(config, stringify(rows));
    for (const registry of Object.values(registries)) {
      for (const packing of packings) await push(layouts[packing], registry, packing);
      await push(rpmLayout, registry, 'rpm');
    }
    return {
      registries,
      config: rows,
      close: async () => {
        await Promise.all(Object.values(registries).map((registry) => registry.stop()));
      },
    };
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const nameIn = (name: (typeof registryNames)[number], tag: string): string =>
    `${stage.around.registries[name].host}/${repository}:${tag}`;

  const scan = async (target: string): Promise<ScanReport> => {
    const options = ['--config', config, '--data', join(folder, 'data'), '-o', 'json'];
    const { stdout, stderr } = await imagegate(['scan', target, ...options]);
    if (stdout === '') throw new Error(stderr);
    const { items } = JSON.parse(stdout) as { readonly items: readonly ScanReport[] };
    expect(items.map(({ problems }) => problems)).toEqual([[]]);
    return items[0]!;
  };

  const expectWhole = ({ packages, gaps }: ScanReport): void => {
    const listed = packages.map(({ ecosystem, name, version }) => [ecosystem, name, version].join(' '));
    const debian = packages.filter(({ ecosystem }) => ecosystem === 'Debian:12');
    expect(debian.map(({ name, version }) => `${name}\t${version}`).sort()).toEqual([...dpkgQuery].sort());
    expect(listed).toContain('npm express 4.17.1');
    expect(listed).toContain('PyPI Jinja2 2.10');
    expect(listed).toContain('Go golang.org/x/text v0.3.5');
    expect(listed.filter((one) => one.startsWith('npm lodash '))).toEqual([]);
    // A program that was built from a checkout does not say which version it is.
    expect(gaps.map(({ kind }) => kind)).toEqual(['version-unknown']);
  };

  it.each(packings)(
    'is listed from its layout as dpkg-query lists it, with layers in %s',
    async (packing) => {
      expectWhole(await scan(`oci:${layouts[packing]}`));
    },
  );

  it.each(registryNames.flatMap((name) => packings.map((packing) => [name, packing] as const)))(
    'is listed from the registry %s as dpkg-query lists it, with layers in %s',
    async (name, packing) => {
      expectWhole(await scan(nameIn(name, packing)));
    },
  );

  it.each(registryNames)('a database of rpm is listed from the registry %s as rpm lists it', async (name) => {
    const { packages, gaps } = await scan(nameIn(name, 'rpm'));
    expect(packages.map((one) => `${one.name}\t${one.version}`).sort()).toEqual([...rpmQuery].sort());
    expect(new Set(packages.map(({ ecosystem }) => ecosystem))).toEqual(new Set(['AlmaLinux:9']));
    expect(gaps).toEqual([]);
  });

  describe('in front of the API server', () => {
    const { cluster } = stage;
    /** The machine of the tests is busy at times, and an image is looked into while its Pod is tried again. */
    const patience = { within: 60_000, every: 500 };
    let namespace: string;
    const judgedBy = (more: object = {}): Promise<void> =>
      judgeImages(cluster, namespace, {
        hosts: Object.values(stage.around.registries).map(({ host }) => host),
        checks: [
          {
            vulnerabilities: {
              max: { critical: 0 },
              unscanned: 'Deny',
              gaps: 'Deny',
              allowGaps: ['version-unknown'],
              ...more,
            },
          },
        ],
      });
    const untilTried = (tag: string, status: number, text = ''): Promise<unknown> =>
      eventually(
        `${tag} to be answered by ${String(status)} ${text}`,
        async () => {
          const answer = await createPod(cluster, namespace, nameIn('docker', tag));
          return answer.status === status && answer.message.includes(text);
        },
        patience,
      );

    beforeAll(async () => {
      namespace = await createNamespace(cluster);
      await judgedBy();
    });

    it('what is fixed, or taken away by a layer, is admitted; a new generation refuses it; accepted, it is admitted', async () => {
      await importAdvisories(stage.gate, fixed);
      for (const tag of ['zstd', 'rpm']) await untilTried(tag, 201);
      await importAdvisories(stage.gate, vulnerable);
      await untilTried('zstd', 403, 'DSA-open in bash');
      await untilTried('rpm', 403, 'ALSA-open in openssl-libs 1:3.0.7-28.el9_4');
      const until = dayFromNow(1);
      const accept = [
        { id: 'DSA-open', package: 'pkg:deb/debian/bash', until },
        { id: 'ALSA-open', until },
      ];
      await judgedBy({ accept });
      for (const tag of ['zstd', 'rpm']) await untilTried(tag, 201);
    });
  });
});
