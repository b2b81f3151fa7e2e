import { beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../harness/api.ts';
import { eventually } from '../harness/eventually.ts';
import { installGate } from '../harness/gate.ts';
import { stageGate } from '../harness/gate-stage.ts';
import { recordedDecisions } from '../harness/imagegate.ts';
import { createNamespace } from '../harness/namespaces.ts';
import {
  badImage,
  deletePolicy,
  dryRun,
  fence,
  goodImage,
  pod,
  policies,
  putPolicy,
  trustedRegistry,
  untilJudged,
} from '../harness/policies.ts';

const stage = stageGate();
const { cluster } = stage;

describe('kubectl and ImagePolicy', () => {
  it('explains the fields of a policy', async () => {
    // The API server publishes the schema of a new CRD a moment later.
    const spec = await eventually(
      'the schema to be published',
      async () => {
        const ran = await cluster.run(['explain', 'imagepolicy.spec']);
        return ran.code === 0 ? ran : undefined;
      },
      { within: 20_000 },
    );
    for (const field of ['mode', 'match', 'checks', 'onUnavailable']) {
      expect(spec.stdout).toMatch(new RegExp(`^ {2}${field}\\t.*\\n( {2}enum: .*\\n)? {4}\\S`, 'm'));
    }
    expect(spec.stdout).toMatch(/enum: (?=.*Deny)(?=.*Warn)(?=.*Audit)/);
    const allow = await cluster.run(['explain', 'imagepolicy.spec.checks.registries.allow']);
    expect(allow.code).toBe(0);
    expect(allow.stdout).toMatch(/DESCRIPTION:\n {4}\S/);
  });

  it('shows mode and acceptance of each policy in the list', async () => {
    const namespace = await createNamespace(cluster);
    const name = await fence(cluster, namespace);
    await accepted(name, 'True');
    const { stdout } = await cluster.run(['get', 'imagepolicies', name]);
    const [head, row] = stdout.split('\n');
    expect(head).toMatch(/NAME\s+MODE\s+ACCEPTED\s+.*AGE/);
    expect(row).toMatch(new RegExp(`${name}\\s+Deny\\s+True\\s+`));
  });

  it('is refused in strict mode by the client for a misspelt field', async () => {
    const input = JSON.stringify(misspelt('strict'));
    const { code, stderr } = await cluster.run(['create', '-f', '-'], { input });
    expect(code).toBe(1);
    expect(stderr).toContain('registeries');
  });
});

describe('a policy on its way in', () => {
  it.each<{ title: string; policy: KubeObject; says: string[] }>([
    {
      title: 'a misspelt check',
      policy: misspelt('typo'),
      says: ['registeries', 'did you mean registries'],
    },
    {
      title: 'a misspelt field of the match',
      policy: trustedRegistry('typo', { namespace: { include: ['x'] } }),
      says: ['namespace', 'did you mean namespaces'],
    },
    {
      title: 'a pattern that would match more than it looks',
      policy: trustedRegistry('wide', {}, { checks: [{ registries: { allow: ['*.example.com/**'] } }] }),
      says: ['*.example.com'],
    },
    {
      title: 'a check that this version can not run (R5)',
      policy: trustedRegistry('future', {}, { checks: [{ astrology: { sign: 'Aries' } }] }),
      says: ['astrology'],
    },
  ])('is refused for $title though the client asked for no validation (R9)', async ({ policy, says }) => {
    const path = `${policies}?fieldValidation=Ignore`;
    const { status, message } = await cluster.api('POST', path, policy);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    for (const word of says) expect(message).toContain(word);
    expect((await cluster.api('GET', `${policies}/${policy.metadata?.name}`)).status).toBe(404);
  });

  it('is refused for the same on UPDATE (R9)', async () => {
    const namespace = await createNamespace(cluster);
    const name = await fence(cluster, namespace);
    const patch = { spec: { checks: [{ registeries: { allow: [] } }] } };
    const { status, message } = await cluster.api('PATCH', `${policies}/${name}`, patch);
    expect(status).toBe(403);
    expect(message).toContain('did you mean registries');
  });
});

describe('a policy in force', () => {
  let namespace: string;
  let name: string;
  beforeAll(async () => {
    namespace = await createNamespace(cluster);
    name = await fence(cluster, namespace);
  });

  it('takes effect, changed, in under two seconds', async () => {
    const allow = (patterns: string[]) => putPolicy(cluster, policyOf({ allow: patterns }));
    const policyOf = (registries: object) =>
      trustedRegistry(name, { namespaces: { include: [namespace] } }, { checks: [{ registries }] });
    const timed = async (change: () => Promise<void>, goodAllowed: boolean): Promise<number> => {
      const start = Date.now();
      await change();
      await eventually(
        'the change',
        async () => (await dryRun(cluster, namespace, goodImage)) === goodAllowed,
        {
          within: 5_000,
          every: 20,
        },
      );
      return Date.now() - start;
    };
    expect(await timed(() => allow(['other.example.com/**']), false)).toBeLessThan(2_000);
    expect(await timed(() => allow(['registry.example.com/**']), true)).toBeLessThan(2_000);
  });

  it('needs the consent of every other policy as well (R1)', async () => {
    const second = trustedRegistry(
      'second',
      { namespaces: { include: [namespace] } },
      { checks: [{ tags: { deny: ['1.*'] } }] },
    );
    await putPolicy(cluster, second);
    await eventually('the second policy', async () => !(await dryRun(cluster, namespace, goodImage)), {
      within: 5_000,
    });
    expect(await dryRun(cluster, namespace, `${goodImage.split(':')[0]}:2.0`)).toBe(true);
    await deletePolicy(cluster, 'second');
  });

  it('lets go of its namespace when it is deleted', async () => {
    const other = await createNamespace(cluster);
    const gone = await fence(cluster, other);
    expect(await dryRun(cluster, other, badImage)).toBe(false);
    await deletePolicy(cluster, gone);
    await untilJudged(cluster, other, true);
  });

  it.each([
    { mode: 'Warn', warned: true },
    { mode: 'Audit', warned: false },
  ])('of mode $mode lets the image in, with the finding on record', async ({ mode, warned }) => {
    const soft = await createNamespace(cluster);
    await putPolicy(cluster, trustedRegistry(`soft-${soft}`, { namespaces: { include: [soft] } }, { mode }));
    await eventually(
      `a finding in mode ${mode}`,
      async () => {
        expect(await dryRun(cluster, soft, badImage)).toBe(true);
        return (await recordedDecisions(stage.gate.data)).some(
          ({ object, findings }) =>
            object.namespace === soft && findings.some((finding) => finding.mode === mode),
        );
      },
      { within: 10_000, every: 200 },
    );
    const { code, stderr } = await cluster.run(['-n', soft, 'run', 'one', `--image=${badImage}`]);
    expect(code).toBe(0);
    expect(/^Warning: .*untrusted-registry\/nginx/m.test(stderr)).toBe(warned);
  });
});

describe('a policy that got past the gate', () => {
  // The API server stores what no recursion goes through.
  const lists = `${'['.repeat(9000)}${']'.repeat(9000)}`;
  it.each([
    ['whose field is misspelt', JSON.stringify],
    [
      'with 9,000 levels',
      (policy: object) => JSON.stringify(policy).replace(/\{"allow":\[[^\]]*\]\}/, lists),
    ],
  ])(
    '%s is not accepted and denies what its match covers until it is repaired (R8)',
    async (_what, written) => {
      const [namespace, other] = [await createNamespace(cluster), await createNamespace(cluster)];
      await fence(cluster, other);
      const broken = misspelt('past-the-gate', { namespaces: { include: [namespace] } });
      const registered = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
      expect((await cluster.api('DELETE', registered)).status).toBe(200);
      await eventually(
        'the broken policy to be stored',
        async () =>
          (await cluster.api('POST', `${policies}?fieldValidation=Ignore`, written(broken))).status === 201,
        { within: 5_000 },
      );
      await installGate(cluster, stage.gate.url, stage.gate.data);
      await eventually('the gate to stand again', async () => !(await dryRun(cluster, other, badImage)), {
        within: 10_000,
      });
      const path = `/api/v1/namespaces/${namespace}/pods?dryRun=All`;
      const refused = await eventually(
        'the refusal',
        async () => {
          const answer = await cluster.api('POST', path, pod('probe', goodImage));
          return answer.status === 403 ? answer : undefined;
        },
        { within: 5_000 },
      );
      expect(refused.message).toContain('policies-unavailable');
      expect(await dryRun(cluster, other, goodImage)).toBe(true);
      await accepted('past-the-gate', 'False');
      await deletePolicy(cluster, 'past-the-gate');
      await untilJudged(cluster, namespace, true);
    },
  );
});

const misspelt = (name: string, match: unknown = {}): KubeObject => {
  return trustedRegistry(name, match, { checks: [{ registeries: { allow: ['registry.example.com/**'] } }] });
};

const accepted = async (name: string, status: 'True' | 'False'): Promise<void> => {
  await eventually(
    `Accepted=${status} on ${name}`,
    async () => {
      const { body } = await cluster.api('GET', `${policies}/${name}`);
      const conditions = (body['status'] as { conditions?: { type: string; status: string }[] } | undefined)
        ?.conditions;
      return conditions?.some((condition) => condition.type === 'Accepted' && condition.status === status);
    },
    { within: 20_000 },
  );
};
