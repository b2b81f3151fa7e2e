import { describe, expect, test } from 'vitest';
import { digestOf, evidenceOf, fakeEvidence } from '../../../test/fakes/evidence/evidence.ts';
import { fakeGate, type FakeGateOptions } from '../../../test/fakes/gate.ts';
import { deadlineAfter } from '../deadline.ts';
import { createJudgeImage } from './judge-image.ts';

const users = { checks: [{ image: { user: 'NonRoot' } }] };
const fence = { checks: [{ registries: { allow: ['registry.example.com/**'] } }] };
const judging = (options: FakeGateOptions, namespace = 'shop') => {
  const { review, clock } = fakeGate(options);
  const judge = createJudgeImage({ review, clock, namespace });
  return (text: string) => judge(text, deadlineAfter(10_000, clock));
};

describe('a bare reference', () => {
  test('is one decision that names it, by the policies of its namespace', async () => {
    const evidence = fakeEvidence();
    const decision = await judging({ policies: { users }, evidence })('nginx:1.27');
    expect(decision).toMatchObject({
      source: 'image',
      object: {
        apiVersion: 'imagegate.dev/v1alpha1',
        kind: 'ImageReference',
        namespace: 'shop',
        name: 'nginx:1.27',
      },
      images: [
        {
          path: 'image',
          given: 'nginx:1.27',
          reference: 'docker.io/library/nginx:1.27',
          digest: digestOf('a'),
        },
      ],
      allowed: true,
    });
    expect(evidence.asked[0]?.context).toBeUndefined();
  });

  test.each<[string, FakeGateOptions, string, string]>([
    ['a registry that is not allowed', { policies: { fence } }, 'nginx', 'registry-not-allowed'],
    ['no reference', { policies: { fence } }, 'Not A Name', 'invalid-reference'],
    ['no registry access', { policies: { users } }, 'nginx', 'image-unavailable'],
    [
      'an image that runs as root',
      {
        policies: { users },
        evidence: fakeEvidence((request) => evidenceOf(request, digestOf('a'), { user: '' })),
      },
      'nginx',
      'image-user-root',
    ],
  ])('is refused for %s', async (_title, options, text, code) => {
    const decision = await judging(options)(text);
    expect(decision.allowed).toBe(false);
    expect(decision.findings.map((finding) => finding.code)).toContain(code);
  });

  test('needs no digest for a policy that pins: the cluster adds it', async () => {
    expect(
      (await judging({ policies: { p: { checks: [{ digest: { pin: true } }] } } })('nginx')).allowed,
    ).toBe(true);
  });

  test('is not judged by the policies of another namespace', async () => {
    const policies = { fence: { ...fence, match: { namespaces: { include: ['bank'] } } } };
    expect((await judging({ policies })('nginx')).allowed).toBe(true);
    expect((await judging({ policies }, 'bank')('nginx')).allowed).toBe(false);
  });
});
