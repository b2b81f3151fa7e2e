import { expect, test } from 'vitest';
import { decisionOf } from '../../../test/fakes/webhook-server.ts';
import { createMetrics } from './metrics.ts';

const samplesOf = async (metrics: ReturnType<typeof createMetrics>): Promise<readonly string[]> =>
  (await metrics.render()).text.split('\n').filter((line) => line.startsWith('imagegate_'));

test.each([
  ['webhookIntact', 'imagegate_webhook_intact'],
  ['watchStale', 'imagegate_watch_stale_seconds'],
  ['leader', 'imagegate_leader'],
] as const)('%s has no value until a cluster gave one: a 0 would be a false alarm', async (gauge, name) => {
  const metrics = createMetrics('test');
  expect((await samplesOf(metrics)).filter((line) => line.startsWith(name))).toEqual([]);
  metrics.set(gauge, 0);
  expect(await samplesOf(metrics)).toContain(`${name} 0`);
});

test('every other gauge begins at 0', async () => {
  const samples = await samplesOf(createMetrics('test'));
  for (const name of ['ready', 'policies', 'policies_broken', 'record_failing', 'webhook_connections'])
    expect(samples).toContain(`imagegate_${name} 0`);
});

test('each trust root in force has an age, and one that is gone has none', async () => {
  const metrics = createMetrics('test');
  const ages = async (): Promise<readonly string[]> =>
    (await samplesOf(metrics)).filter((line) => line.startsWith('imagegate_trust_root_age_seconds'));
  metrics.trustRootAges(
    new Map([
      ['sigstore', 86_400],
      ['acme', 2],
    ]),
  );
  expect(await ages()).toEqual([
    'imagegate_trust_root_age_seconds{root="sigstore"} 86400',
    'imagegate_trust_root_age_seconds{root="acme"} 2',
  ]);
  metrics.trustRootAges(new Map([['sigstore', 86_401]]));
  expect(await ages()).toEqual(['imagegate_trust_root_age_seconds{root="sigstore"} 86401']);
});

test('each feed of advisories in force has its numbers, and one that is gone has none', async () => {
  const metrics = createMetrics('test');
  const samples = async (): Promise<readonly string[]> =>
    (await samplesOf(metrics)).filter((line) => line.startsWith('imagegate_advisories'));
  metrics.advisoryFeeds(
    new Map([
      ['osv', { advisories: 7, age: 60, newest: 3600 }],
      ['own', { advisories: 1, age: 5 }],
    ]),
  );
  expect(await samples()).toEqual([
    'imagegate_advisories{feed="osv"} 7',
    'imagegate_advisories{feed="own"} 1',
    'imagegate_advisories_age_seconds{feed="osv"} 60',
    'imagegate_advisories_age_seconds{feed="own"} 5',
    'imagegate_advisories_newest_seconds{feed="osv"} 3600',
  ]);
  metrics.advisoryFeeds(new Map());
  expect(await samples()).toEqual([]);
});

test('constraints are counted by action and status, and their time only where there were any', async () => {
  const metrics = createMetrics('test');
  const samples = async (): Promise<readonly string[]> =>
    (await samplesOf(metrics)).filter((line) =>
      /^imagegate_constraint(s|_templates|_duration_seconds_count)/.test(line),
    );
  metrics.constraints.inForce(
    [{ status: 'active' }, { status: 'error' }],
    [
      { action: 'deny', status: 'active' },
      { action: 'deny', status: 'active' },
      { action: 'warn', status: 'error' },
    ],
  );
  metrics.decided(decisionOf({ durations: { total: 2 } }));
  metrics.decided(decisionOf({ durations: { total: 2, constraints: 1 } }));
  expect(await samples()).toEqual([
    'imagegate_constraint_templates{status="active"} 1',
    'imagegate_constraint_templates{status="error"} 1',
    'imagegate_constraints{action="deny",status="active"} 2',
    'imagegate_constraints{action="warn",status="error"} 1',
    'imagegate_constraint_duration_seconds_count 1',
  ]);
  metrics.constraints.inForce([], []);
  expect(await samples()).not.toContain('imagegate_constraints{action="deny",status="active"} 2');
});
