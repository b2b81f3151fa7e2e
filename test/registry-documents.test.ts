import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { constraintTimeoutSeconds } from '../src/install/doors/door-configuration.ts';
import { timeoutSeconds } from '../src/install/webhook-target.ts';
import { judgeAddress, isInternalName } from '../src/adapters/registry/network/address-guard.ts';
import { createCircuitBreaker } from '../src/concurrency/circuit-breaker.ts';
import { defaultSettings } from '../src/adapters/registry/settings.ts';
import { callBudget } from '../src/adapters/webhook/server/call-target.ts';
import { maxEvents, readPushes } from '../src/adapters/webhook/events/registry-event-formats.ts';
import { describeConfigProblem } from '../src/config/sources/origin.ts';
import { resolveSettings } from '../src/config/resolve.ts';
import { definitions } from '../src/config/settings/settings.ts';
import { formatReference } from '../src/core/image/reference.ts';
import type { JsonObject } from '../src/core/text/json/json.ts';
import { maxPullSecrets } from '../src/core/workload/pull-context.ts';
import { defaultEvidenceLimits } from '../src/evidence/limits.ts';
import { blocks, read, root, section } from './markdown.ts';

const registries = read('docs/registries-and-credentials.md');
const outages = read('docs/outages-and-break-glass.md');
const keys = ['registries', 'registryDefaults', 'registryEvents', 'cloudIdentities'] as const;
const configured = (text: string) =>
  resolveSettings(keys, { flags: {}, environment: {}, file: { path: '/etc/imagegate/config.yaml', text } });

describe('the configuration of registries', () => {
  const examples = [
    ...blocks(registries, 'yaml').filter((code) => /^registries:/m.test(code)),
    read('examples/config/registries.yaml'),
  ];

  test('is read from docs/registries-and-credentials.md and examples/config as the gate reads it', () => {
    const problems = examples
      .map(configured)
      .flatMap((it) => (it.ok ? [] : it.error.map(describeConfigProblem)));
    expect(examples.length).toBeGreaterThan(1);
    expect(problems).toEqual([]);
  });
  test('shows one CA for all hosts and a client certificate', () => {
    for (const text of examples.filter((one) => one.includes('registryDefaults'))) {
      const read = configured(text);
      if (!read.ok) throw new Error(read.error.map(describeConfigProblem).join());
      const { registries, registryDefaults } = read.value.config;
      expect(registryDefaults.value.caFile).toBe('/etc/imagegate/corporate-ca.crt');
      expect(registries.value.filter(({ clientKeyFile }) => clientKeyFile !== undefined)).toHaveLength(1);
    }
    expect(examples.filter((one) => one.includes('registryDefaults'))).toHaveLength(2);
  });
  test('with a misspelt field would be seen', () => {
    const [first = ''] = examples;
    expect(configured(first.replace('caFile', 'cafile')).ok).toBe(false);
  });
});

describe('the set-up of registry events', () => {
  const text = read('docs/registry-events.md');
  const gate = 'https://gate.example.com:8443/registry-events';

  test('docker-registry calls the door with a bearer token', () => {
    const [notifications] = blocks(text, 'yaml').map((code) => parse(code) as JsonObject);
    expect(notifications).toMatchObject({
      notifications: {
        endpoints: [
          { url: gate, headers: { Authorization: [expect.stringMatching(/^Bearer [-\w]{16,}$/)] } },
        ],
      },
    });
  });
  test('Harbor calls the door with a bearer token when an artifact was pushed', () => {
    const [policy] = blocks(text, 'json').map((code) => JSON.parse(code) as JsonObject);
    expect(policy).toMatchObject({
      event_types: ['PUSH_ARTIFACT'],
      targets: [{ address: gate, auth_header: expect.stringMatching(/^Bearer [-\w]{16,}$/) }],
    });
  });
  test('the CloudEvent is read as the push of an image', () => {
    const [, event = {}] = blocks(text, 'json').map((code) => JSON.parse(code) as JsonObject);
    const { type } = event;
    expect(type).toBe('com.example.push');
    const headers = { 'content-type': 'application/cloudevents+json' };
    const hosts = ['registry.example.com:5000'];
    const pushes = readPushes({ format: 'cloudevents', hosts }, headers, event);
    expect(pushes).toMatchObject({ ok: true, value: { ignored: 0, foreign: 0 } });
    expect(pushes.ok && pushes.value.images.map(formatReference)).toEqual([
      expect.stringMatching(/^registry\.example\.com:5000\/shop\/web@sha256:/),
    ]);
  });
});

describe('the figures of the pages about registries and outages', () => {
  const cached = section(outages, '## What is cached');
  const down = section(outages, '## When a registry is down or slow');
  const seconds = (milliseconds: number): string => `${String(milliseconds / 1000)} s`;
  const grouped = (value: number): string => value.toLocaleString('en');
  const mebibytes = (bytes: number): string => `${String(bytes / 2 ** 20)} MiB`;

  test('of what is cached are those of the code', () => {
    const { tagTime, negativeTime, anonymousAbsence, accessTime, outageTime, ...limits } =
      defaultEvidenceLimits;
    const day = `${String(outageTime / 3_600_000)} h`;
    expect(cached).toContain(`| ${seconds(accessTime)}; while its registry cannot be reached ${day} |`);
    expect(cached).toContain(
      `| ${seconds(tagTime)}, then a HEAD; while its registry cannot be reached ${day},`,
    );
    expect(cached).toContain(`| "not there", "denied" | ${seconds(negativeTime)} |`);
    expect(cached).toContain(`a host with a row | ${seconds(anonymousAbsence)} |`);
    expect(cached).toContain(`service account | ${seconds(limits.answerTime)}, or until`);
    expect(cached).toContain(`(${mebibytes(definitions.evidenceMemory.fallback)})`);
    expect(cached).toContain(`on disk (${mebibytes(definitions.evidenceCache.fallback)})`);
    expect(cached).toContain(`${grouped(limits.grants)} access grants`);
    expect(cached).toContain(
      `the facts of ${grouped(limits.factEntries)} images (${mebibytes(limits.factBytes)})`,
    );
    expect(cached).toContain(`One review reads at most ${mebibytes(limits.reviewBytes)}`);
    expect(cached).toContain(
      `a manifest has at most ${mebibytes(limits.manifestBytes)}, a config ${String(limits.configBytes / 2 ** 20)} MiB`,
    );
    expect(cached).toContain(`an index ${String(limits.indexChildren)} images`);
  });
  test('of credentials are those of the code', () => {
    expect(registries).toContain(
      `at most ${String(maxPullSecrets)} secrets of a Pod and ${String(maxPullSecrets)} of its service account; ${String(defaultEvidenceLimits.credentials)} credentials are\ntried for one image`,
    );
  });
  test('of registry events are those of the code', () => {
    expect(read('docs/operations.md')).toContain(
      `| one request of registry events | 1 MiB, ${String(maxEvents)} events;`,
    );
  });
  test('of time are those of the code', () => {
    const granted = timeoutSeconds * 1000;
    expect(down).toContain(
      `The webhooks grant ${seconds(granted)}, those of constraints ${seconds(constraintTimeoutSeconds * 1000)}. The gate keeps half a second`,
    );
    expect(granted - callBudget(`${String(timeoutSeconds)}s`)).toBe(500);
    const { concurrency, timeout } = defaultSettings('registry.example.com');
    expect(down).toContain(`${String(concurrency)} requests to one host at one time`);
    expect(registries).toContain(`${String(concurrency)} requests at a time, ${seconds(timeout)} for each`);
  });
  test('of the circuit breaker are those of the code', () => {
    expect(down).toContain(
      'After five failures in a row to connect a host is left alone for 1 s, and twice as long after each\n  failed try, 30 s at most.',
    );
    let now = 0;
    const breaker = createCircuitBreaker({ monotonic: () => now });
    const fails = (): void => {
      const permit = breaker.acquire();
      if (!permit.open) permit.record('failure');
    };
    for (let count = 0; count < 4; count++) fails();
    expect(breaker.openCircuit()).toBeUndefined();
    const openTimes = Array.from({ length: 8 }, () => {
      fails();
      const retryAfter = breaker.openCircuit()?.retryAfter ?? 0;
      now += retryAfter;
      return retryAfter;
    });
    expect(openTimes).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });
  test('of what is never connected to are those of the code', () => {
    const addresses = section(registries, '## Addresses, mirrors, redirects');
    const internal = [...addresses.matchAll(/`(\.[a-z.]+)`/g)].map(([, suffix = '']) => suffix);
    expect(internal.length).toBeGreaterThan(5);
    expect(internal.filter((suffix) => !isInternalName(`registry${suffix}`))).toEqual([]);
    expect(['169.254.169.254', '0.0.0.0', '224.0.0.1', 'fe80::1'].map(judgeAddress)).toEqual(
      Array.from({ length: 4 }, () => 'never'),
    );
    expect(['127.0.0.1', '10.1.2.3', 'fc00::1'].map(judgeAddress)).toEqual(
      Array.from({ length: 3 }, () => 'private'),
    );
  });
});

describe('what others suffer from', () => {
  const rows = section(read('docs/troubleshooting.md'), '## What others suffer from')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2);
  const proofs = (row: string): readonly { readonly file: string; readonly title: string }[] =>
    [...row.matchAll(/`([\w./-]+\.(?:test|e2e)\.ts)` "([^"]+)"/g)].map(([, file = '', title = '']) => ({
      file,
      title,
    }));
  const isThere = ({ file, title }: { readonly file: string; readonly title: string }): boolean =>
    existsSync(join(root, file)) && read(file).includes(title);

  test('has an answer to each of thirteen pains', () => {
    expect(rows).toHaveLength(13);
  });
  test.each(rows.map((row) => [row.split('|')[1]?.trim() ?? '', row] as const))(
    '%s: the tests that prove the answer exist',
    (_pain, row) => {
      const cells = row.split('|').map((cell) => cell.trim());
      expect(cells).toHaveLength(6);
      expect(proofs(row).length).toBeGreaterThan(0);
      expect(proofs(row).filter((proof) => !isThere(proof))).toEqual([]);
    },
  );
  test('a test that does not exist is seen', () => {
    const [found] = proofs('| `src/evidence/gather.test.ts` "no such title" |');
    expect(found && isThere(found)).toBe(false);
  });
});
