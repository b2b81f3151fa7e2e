import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verdictsOf } from './decision-list.ts';
import { eventually, folderWith, imagegate, root, startProgram } from './imagegate.ts';

const reviewFolder = join(root, 'examples', 'reviews');
const reviews = readdirSync(reviewFolder)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name) => ({
    name,
    ...(JSON.parse(readFileSync(join(reviewFolder, name), 'utf8')) as {
      command: string;
      review: { request: { object: object } };
    }),
  }));

describe('npm run try -- --once', () => {
  test('package.json runs it on a fresh build', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(scripts['try']).toMatch(/run .*build && node scripts\/try\.ts$/);
  });

  // Without the build: `npm test` has made it, and a second one under running tests would pull it from under them.
  test('sends every example review and prints each refusal as kubectl prints it', async () => {
    const { code, stdout, stderr } = await startProgram(process.execPath, ['scripts/try.ts', '--once']).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const text = stdout.replaceAll(/\u001b\[\d+m/g, '');
    for (const { command } of reviews) expect(text).toContain(`$ ${command}\n`);
    expect(text).toContain(
      'Error from server (Forbidden): admission webhook "validate.imagegate.dev" denied the request: ' +
        "image 'untrusted-registry/nginx' is not from an allowed registry (policy trusted-registries, check registries: registry-not-allowed, at spec.containers[0].image)\n" +
        "fix: use an image from registry.example.com/**, or ask the policy's owner to allow this one\n" +
        'decision ',
    );
    const refused = [...text.matchAll(/^Error from server \(Forbidden\): .*image '([^']+)'/gm)].map(
      ([, image]) => image,
    );
    expect(refused).toEqual([
      'untrusted-registry/nginx',
      'busybox',
      'nicolaka/netshoot',
      'registry.example.com.evil.io/shop/web:1.4.2',
      expect.stringMatching(/^registry\.example\.com\/till\/web:2\.0\.1@sha256:[0-9a-f]{64}$/),
    ]);
    expect(text).toContain(
      'has more vulnerabilities than the policy allows: 1 critical (at most 0): EXAMPLE-2026-1 in till-http 4.0.1 (fixed in 4.0.2) (policy no-known-holes, check vulnerabilities: vulnerable, at spec.containers[0].image)\n',
    );
    expect(text.match(/^created$/gm)).toHaveLength(reviews.length - refused.length);
    expect(text).toContain(
      `${refused.length} refused, ${reviews.length - refused.length} allowed; every decision is on record.`,
    );
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'without --once the gate runs until %s, and nothing is left',
    async (signal) => {
      const { child, stdout, ended } = startProgram(process.execPath, ['scripts/try.ts']);
      await eventually('the gate runs', () => stdout().includes('Ctrl-C ends it') || undefined);
      const [, address = ''] = /Webhook (\S+),/.exec(stdout()) ?? [];
      const [, data = ''] = /decisions --data (\S+)/.exec(stdout()) ?? [];
      expect(existsSync(data)).toBe(true);
      child.kill(signal);
      expect(await ended).toMatchObject({ code: 0, stderr: '' });
      expect(existsSync(data)).toBe(false);
      await expect(fetch(address)).rejects.toThrow('fetch failed');
    },
  );

  test('a reader that goes away ends it, and nothing is left', async () => {
    const folder = folderWith();
    const { child, ended } = startProgram(process.execPath, ['scripts/try.ts'], { env: { TMPDIR: folder } });
    child.stdout?.destroy();
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    // The folder goes only after the gate in it has ended.
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a flag that it does not have is refused, not passed over', async () => {
    const { code, stdout, stderr } = await startProgram(process.execPath, ['scripts/try.ts', '--onc']).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain("Unknown option '--onc'");
    expect(stderr).toContain('usage: npm run try [-- --once]');
  });

  test('a signal before the gate runs ends it too, and nothing is left', async () => {
    const folder = folderWith();
    const { child, stdout, ended } = startProgram(process.execPath, ['scripts/try.ts'], {
      env: { TMPDIR: folder },
    });
    await eventually('the folder is there', () => readdirSync(folder)[0]);
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    expect(stdout()).not.toContain('still running');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('examples/policies', () => {
  const policies = join(root, 'examples', 'policies');
  const sets = readdirSync(policies);

  test.each(sets)('%s can be linted without an error', async (set) => {
    const ended = await imagegate(['policy', 'lint', join(policies, set)]);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/^\d+ (policy|policies) read, \d+ warnings?\n$/);
  });

  test('all sets together are one set', async () => {
    expect((await imagegate(['policy', 'lint', policies])).code).toBe(0);
  });

  test.each([
    ['trusted-registries refuses what no list names', 'trusted-registries', 'nginx', 'denied'],
    [
      'trusted-registries allows your registry',
      'trusted-registries',
      'registry.example.com/shop/web:1',
      'allowed',
    ],
    [
      'trusted-registries never breaks the service mesh',
      'trusted-registries',
      'cr.l5d.io/linkerd/proxy:edge-25.1.2',
      'allowed',
    ],
    [
      'trusted-registries never breaks the control plane',
      'trusted-registries',
      'registry.k8s.io/kube-apiserver:v1.36.3',
      'allowed',
    ],
    [
      'trusted-registries refuses another host of the same name',
      'trusted-registries',
      'cr.l5d.io.evil.io/linkerd/proxy:1',
      'denied',
    ],
    ['hardened refuses latest', 'hardened', 'registry.example.com/shop/web', 'denied'],
    ['hardened refuses a tag in production', 'hardened', 'registry.example.com/shop/web:1', 'denied'],
    [
      'hardened allows a digest in production',
      'hardened',
      `registry.example.com/shop/web@sha256:${'5'.repeat(64)}`,
      'allowed',
    ],
  ])('%s', async (_title, set, image, verdict) => {
    const input = [
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'shop', labels: { environment: 'production' } },
      },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'web', namespace: 'shop' },
        spec: { containers: [{ name: 'app', image }] },
      },
    ]
      .map((object) => JSON.stringify(object))
      .join('\n');
    const ended = await imagegate(
      ['check', 'manifest', '--policies', join(policies, set), '-f', '-', '-o', 'json'],
      { input },
    );
    expect(verdictsOf(ended)).toEqual([`Pod/web ${verdict}`]);
  });

  test.each(reviews.map(({ name, review }) => [name, review] as const))(
    'check manifest says of the object of %s what the gate says',
    async (name, review) => {
      const input = JSON.stringify(review.request.object);
      const ended = await imagegate(
        ['check', 'manifest', '--policies', join(policies, 'trusted-registries'), '-f', '-'],
        { input },
      );
      expect(ended.code).toBe(
        /trusted-registry|service-mesh|hole/.test(name) && !name.includes('untrusted') ? 0 : 1,
      );
    },
  );
});
