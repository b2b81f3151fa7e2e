import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { criticalVector, cycloneDx, listFor, osvRecord } from '../../fakes/advisories.ts';
import { image, index, type FakeManifest } from '../../fakes/registry/registry-content.ts';
import { eventually as waitFor } from '../harness/eventually.ts';
import { createPod, decisionOn, detailsOf, judgeImages } from '../harness/evidence-judged.ts';
import { rowOf, stageEvidence } from '../harness/evidence-stage.ts';
import { startDockerRegistry } from '../harness/docker-registry.ts';
import { startGoRegistry } from '../harness/go-registry.ts';
import { imagegate } from '../harness/imagegate.ts';
import { dayFromNow, importAdvisories } from '../harness/import-advisories.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { pushManifest } from '../harness/registry-push.ts';
import type { RunningRegistry } from '../harness/registry-process.ts';

const vulnerable = cycloneDx(['pkg:pypi/jinja2@2.10']);
const fixed = cycloneDx(['pkg:pypi/jinja2@3.1.4']);
const hole = osvRecord('GHSA-aaaa-bbbb-cccc', {
  ecosystem: 'PyPI',
  name: 'jinja2',
  fixed: '3.1.4',
  vector: criticalVector,
  aliases: ['CVE-2026-1000'],
});
const newHole = osvRecord('GHSA-dddd-eeee-ffff', {
  ecosystem: 'PyPI',
  name: 'flask',
  vector: criticalVector,
  modified: '2026-11-21T00:00:00Z',
});
/** A swap is noticed within a second; the machine of the tests is busy at times. */
const eventually = (what: string, probe: () => Promise<boolean>): Promise<boolean> =>
  waitFor(what, probe, { within: 30_000, every: 500 });

const check = {
  max: { critical: 0 },
  evidence: [{ sbom: { unsigned: true } }],
  unscanned: 'Deny',
  gaps: 'Deny',
};

interface Place {
  readonly registry: RunningRegistry;
  /** Whether it lists referrers itself; else clients write the fallback tag. */
  readonly listsReferrers: boolean;
}

/** In the order of the tests: each starts where the one before left the advisories. */
describe('images are judged by package lists and advisories', () => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-feeds-'));
  const stage = stageEvidence(async () => {
    const docker = await startDockerRegistry({ tls: true });
    const go = await startGoRegistry({ tls: true });
    const places: Readonly<Record<string, Place>> = {
      docker: { registry: docker, listsReferrers: false },
      go: { registry: go, listsReferrers: true },
    };
    return {
      places,
      config: { registries: [rowOf(docker), rowOf(go)] },
      close: async () => {
        await docker.stop();
        await go.stop();
      },
    };
  });
  const { cluster } = stage;
  let namespace: string;
  let count = 0;

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const judgedBy = (more: object = {}): Promise<void> =>
    judgeImages(cluster, namespace, {
      hosts: Object.values(stage.around.places).map(({ registry }) => registry.host),
      checks: [{ vulnerabilities: { ...check, ...more } }],
    });
  const place = (where: string): Place => {
    const found = stage.around.places[where];
    if (found === undefined) throw new Error(where);
    return found;
  };
  const attach = async (where: string, made: FakeManifest, text: string): Promise<void> => {
    const { registry, listsReferrers } = place(where);
    const list = listFor(made, text);
    await pushManifest(registry, 'team/app', list);
    if (listsReferrers) return;
    const fallback = index([list], {
      descriptors: [{ ...list.descriptor, artifactType: 'application/vnd.cyclonedx+json' }],
    });
    await pushManifest(registry, 'team/app', fallback, made.digest.replace(':', '-'));
  };
  /** A new image, with this list beside it. */
  const pushed = async (where: string, text?: string): Promise<{ made: FakeManifest; name: string }> => {
    count += 1;
    const made = image({ user: String(count) });
    const tag = `v${String(count)}`;
    await pushManifest(place(where).registry, 'team/app', made, tag);
    if (text !== undefined) await attach(where, made, text);
    return { made, name: `${place(where).registry.host}/team/app:${tag}` };
  };
  const importing = (asOf: string, ...records: readonly object[]): Promise<void> =>
    importAdvisories(stage.gate, { PyPI: records }, asOf);
  const codesFor = async (name: string) => {
    const { status, message } = await createPod(cluster, namespace, name);
    return {
      status,
      codes: [...message.matchAll(/check vulnerabilities: ([\w-]+)/g)].map(([, code]) => code),
    };
  };
  const admitted = { status: 201, codes: [] };
  const refused = (...codes: readonly string[]) => ({ status: 403, codes });

  beforeAll(async () => {
    namespace = await createNamespace(cluster);
    await judgedBy();
  });

  it('without advisories nobody can judge', async () => {
    const { name } = await pushed('go', fixed);
    expect(await codesFor(name)).toEqual(refused('advisories-unavailable'));
  });

  it('V15: nor with advisories that are too old', async () => {
    await importing(dayFromNow(-9), hole);
    const { name } = await pushed('go', fixed);
    await eventually('the advisories to be in force', async () =>
      (await codesFor(name)).codes.includes('advisories-too-old'),
    );
  });

  it('and from new ones on, which the gate follows, the fixed version is admitted', async () => {
    await importing(dayFromNow(0), hole);
    const { name } = await pushed('go', fixed);
    await eventually('the new advisories to be in force', async () => (await codesFor(name)).status === 201);
  });

  it.each(['docker', 'go'])('the vulnerable one is refused, the fixed one admitted: %s', async (where) => {
    const bad = await pushed(where, vulnerable);
    expect(await codesFor(bad.name)).toEqual(refused('vulnerable'));
    const good = await pushed(where, fixed);
    expect(await codesFor(good.name)).toEqual(admitted);
  });

  it('message and record name limit, package, version, version, fix and whose list it is', async () => {
    const { name } = await pushed('go', vulnerable);
    const { message, name: pod } = await createPod(cluster, namespace, name);
    expect(message).toContain(
      'has more vulnerabilities than the policy allows: 1 critical (at most 0): CVE-2026-1000 in jinja2 2.10 (fixed in 3.1.4)',
    );
    const details = detailsOf(await decisionOn(stage.gate, { namespace, name: pod }));
    expect(details).toContain(
      'CVE-2026-1000 critical 9.8 in jinja2 2.10 (fixed in 3.1.4); 1 package in an unsigned list',
    );
  });

  it.each(['docker', 'go'])(
    'V1: an image that nobody looked into is refused, and admitted with a list: %s',
    async (where) => {
      const { made, name } = await pushed(where);
      expect(await codesFor(name)).toEqual(refused('vulnerabilities-unscanned'));
      await attach(where, made, fixed);
      await eventually('the list to be found', async () => (await codesFor(name)).status === 201);
    },
  );

  it('V17: a vulnerability is accepted until its day and not after', async () => {
    const { name } = await pushed('go', vulnerable);
    const accept = (until: string) => ({ accept: [{ id: 'CVE-2026-1000', until, reason: 'not reachable' }] });
    await judgedBy(accept(dayFromNow(1)));
    await eventually('the acceptance to be in force', async () => (await codesFor(name)).status === 201);
    await judgedBy(accept(dayFromNow(-1)));
    await eventually('the acceptance to be over', async () =>
      (await codesFor(name)).codes.includes('vulnerable'),
    );
    await judgedBy();
  });

  it('a new generation flips the verdict of an image that was admitted', async () => {
    const { name } = await pushed('go', cycloneDx(['pkg:pypi/flask@1.0']));
    expect(await codesFor(name)).toEqual(admitted);
    await importing(dayFromNow(0), hole, newHole);
    await eventually('the new hole to refuse it', async () =>
      (await codesFor(name)).codes.includes('vulnerable'),
    );
  });

  it('check image says the same, with the same advisories', async () => {
    const policies = join(folder, 'policies');
    mkdirSync(policies);
    const policy = {
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'ImagePolicy',
      metadata: { name: 'p' },
      spec: { checks: [{ vulnerabilities: check }] },
    };
    writeFileSync(join(policies, 'p.json'), JSON.stringify(policy));
    const config = join(folder, 'config.json');
    writeFileSync(config, JSON.stringify(stage.around.config));
    const run = async (name: string, data: string) =>
      (await imagegate(['check', 'image', name, '--policies', policies, '--data', data, '--config', config]))
        .code;
    const bad = await pushed('docker', vulnerable);
    const good = await pushed('docker', fixed);
    expect(await run(bad.name, stage.gate.data)).toBe(1);
    expect(await run(good.name, stage.gate.data)).toBe(0);
    expect(await run(good.name, join(folder, 'nothing'))).toBe(3);
  });
});
