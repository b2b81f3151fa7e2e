import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  digestOf,
  evidenceOf,
  fakeEvidence,
  flippingEvidence,
  silentEvidence,
} from '../../../test/fakes/evidence/evidence.ts';
import { fakeGate, pod, requestFor, type FakeGateOptions } from '../../../test/fakes/gate.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { outage } from '../../core/facts/fact.ts';
import type { Evidence } from '../../evidence/gather.ts';
import type { PullContext } from '../../evidence/ports.ts';

const nonRoot = { checks: [{ digest: { require: true } }, { image: { user: 'NonRoot' } }] };
const byTag = { checks: [{ image: { user: 'NonRoot' } }] };
const a = digestOf('a');
const gateWith = (evidence: Evidence | undefined, more: Partial<FakeGateOptions> = {}) =>
  fakeGate({ policies: { users: byTag }, ...(evidence === undefined ? {} : { evidence }), ...more });
const realClock = () => ({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  advance: () => undefined,
});

describe('B1: one resolution a review', () => {
  test('one image in every list of a Pod is one question, and one digest is recorded for all', async () => {
    const evidence = flippingEvidence();
    const gate = gateWith(evidence);
    const object = pod(
      { app: 'nginx', side: 'docker.io/library/nginx:latest' },
      {
        spec: {
          initContainers: [{ name: 'init', image: 'index.docker.io/nginx' }],
          volumes: [{ name: 'v', image: { reference: 'nginx:latest' } }],
        },
      },
    );
    const decision = await gate.admit(requestFor(object));
    expect(decision.allowed).toBe(true);
    expect(evidence.asked.map(({ references }) => references)).toEqual([['docker.io/library/nginx:latest']]);
    expect(new Set(decision.images.map(({ digest }) => digest))).toEqual(new Set([a]));
    expect(decision.images).toHaveLength(4);
  });

  test('two policies on one image share what was gathered', async () => {
    const evidence = flippingEvidence();
    const gate = gateWith(evidence, {
      policies: { users: byTag, sizes: { checks: [{ image: { maxSize: '1Mi' } }] } },
    });
    await gate.admit(requestFor(pod({ app: 'registry.example.com/x:1' })));
    expect(evidence.asked).toHaveLength(1);
    expect(evidence.asked[0]?.requests).toHaveLength(1);
  });
});

describe('B9: large objects that wait', () => {
  const review = (evidence: Evidence, mayWait: () => boolean) => {
    const subject = {
      origin: { source: 'admission' as const, object: { apiVersion: 'v1', kind: 'Pod' } },
      namespace: 'default',
      what: { kind: 'images' as const, images: [{ path: 'image', given: 'nginx', place: 'image' }] },
      started: 0,
    };
    return gateWith(evidence).review(subject, {
      remaining: () => 1_000,
      signal: () => AbortSignal.timeout(1_000),
      mayWait,
    });
  };

  test('are refused as unavailable when they would take the capacity of others, and nobody is asked', async () => {
    const evidence = flippingEvidence();
    const decision = await review(evidence, () => false);
    expect(decision.findings.map(({ code }) => code)).toEqual(['image-unavailable']);
    expect(JSON.stringify(decision.findings)).toContain('too many large objects wait');
    expect(evidence.asked).toEqual([]);
  });

  test('are looked at while there is capacity', async () => {
    expect(await review(flippingEvidence(), () => true)).toMatchObject({ allowed: true });
  });
});

describe('what is asked', () => {
  test('nothing without a check that needs it: the answer comes at once', () => {
    const evidence = fakeEvidence();
    const gate = fakeGate({ policies: { d: { checks: [{ digest: { pin: true } }] } }, evidence });
    const subject = {
      origin: { source: 'manifest' as const, object: { apiVersion: 'v1', kind: 'Pod' } },
      namespace: 'default',
      what: { kind: 'images' as const, images: [{ path: 'image', given: 'nginx', place: 'image' }] },
      started: 0,
    };
    const decision = gate.review(subject, {
      remaining: () => 1_000,
      signal: () => AbortSignal.timeout(1_000),
    });
    expect(decision).not.toBeInstanceOf(Promise);
    expect(evidence.asked).toEqual([]);
  });

  test('nothing that was found a moment ago: the verdict comes at once, from what is cached', () => {
    const asked: (PullContext | undefined)[] = [];
    const evidence: Evidence = {
      cached: (requests, context) => {
        asked.push(context);
        return requests.map((request) => evidenceOf(request, digestOf('a'), { user: '0' }));
      },
      gather: () => Promise.reject(new Error('nobody should gather')),
    };
    const gate = fakeGate({ policies: { users: byTag }, evidence });
    const subject = {
      origin: { source: 'admission' as const, object: { apiVersion: 'v1', kind: 'Pod' } },
      namespace: 'shop',
      what: { kind: 'images' as const, images: [{ path: 'image', given: 'nginx', place: 'image' }] },
      started: 0,
    };
    const deadline = {
      remaining: () => 1_000,
      signal: () => {
        throw new Error('nobody waits');
      },
    };
    const decision = gate.review(subject, deadline);
    expect(asked).toEqual([{ namespace: 'shop', pullSecrets: [] }]);
    expect(decision).toMatchObject({ allowed: false, images: [{ digest: a }] });
    expect(decision).toHaveProperty('findings.0.code', 'image-user-root');
  });

  test('what is not cached is gathered', async () => {
    const gathering = fakeEvidence();
    const gate = gateWith({ ...gathering, cached: () => undefined });
    await gate.admit(requestFor(pod({ app: 'nginx' })));
    expect(gathering.asked).toHaveLength(1);
  });

  test('nothing in another namespace than the policy’s', async () => {
    const evidence = fakeEvidence();
    const gate = gateWith(evidence, {
      policies: { users: { ...byTag, match: { namespaces: { include: ['shop'] } } } },
    });
    await gate.admit(requestFor(pod({ app: 'nginx' })));
    expect(evidence.asked).toEqual([]);
  });

  test('nothing about images that are unchanged (R2): a registry that is down blocks no label', async () => {
    const evidence = silentEvidence();
    const gate = gateWith(evidence);
    const object = pod({ app: 'nginx' });
    const decision = await gate.admit(requestFor(object, { operation: 'UPDATE', oldObject: object }));
    expect(decision).toMatchObject({ allowed: true, skipped: { code: 'unchanged' } });
    expect(evidence.asked).toEqual([]);
  });

  test('only the new one of two containers', async () => {
    const evidence = fakeEvidence();
    const decision = await gateWith(evidence).admit(
      requestFor(pod({ app: 'nginx', side: 'redis' }), {
        operation: 'UPDATE',
        oldObject: pod({ app: 'nginx', side: 'busybox' }),
      }),
    );
    expect(decision.allowed).toBe(true);
    expect(evidence.asked.map(({ references }) => references)).toEqual([['docker.io/library/redis:latest']]);
  });

  test('B26: nothing of a registry that a policy forbids', async () => {
    const evidence = fakeEvidence();
    const gate = gateWith(evidence, {
      policies: { fence: { checks: [{ registries: { allow: ['registry.example.com/**'] } }] }, users: byTag },
    });
    const decision = await gate.admit(
      requestFor(pod({ good: 'registry.example.com/x:1', bad: '169.254.169.254/latest/meta-data' })),
    );
    expect(decision.allowed).toBe(false);
    expect(evidence.asked.map(({ references }) => references)).toEqual([['registry.example.com/x:1']]);
  });
});

describe('whose credentials are used', () => {
  const secrets = {
    spec: { imagePullSecrets: [{ name: 'regcred' }], serviceAccountName: 'builder' },
    metadata: { namespace: 'elsewhere' },
  };

  test('B29: those of the Pod, in the namespace of the request, whatever the object says', async () => {
    const evidence = fakeEvidence();
    await gateWith(evidence).admit(requestFor(pod({ app: 'nginx' }, secrets), { namespace: 'shop' }));
    expect(evidence.asked[0]?.context).toEqual({
      namespace: 'shop',
      pullSecrets: ['regcred'],
      serviceAccount: 'builder',
    });
  });

  test('those of a template', async () => {
    const evidence = fakeEvidence();
    const template = { spec: { containers: [{ name: 'a', image: 'nginx' }], ...secrets.spec } };
    const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec: { template } };
    await gateWith(evidence).admit(requestFor(object));
    expect(evidence.asked[0]?.context).toMatchObject({ namespace: 'default', pullSecrets: ['regcred'] });
  });

  test('those of the namespace for an image review, which names no Pod', async () => {
    const evidence = fakeEvidence();
    await gateWith(evidence).reviewImages('shop', ['nginx']);
    expect(evidence.asked[0]?.context).toEqual({ namespace: 'shop', pullSecrets: [] });
  });

  test('none for an image review without a namespace', async () => {
    const evidence = fakeEvidence();
    await gateWith(evidence).reviewImages('', ['nginx']);
    expect(evidence.asked[0]?.context).toBeUndefined();
  });
});

describe('what could not be looked at is never a pass', () => {
  test.each<[string, Evidence | undefined, string]>([
    ['no registry access', undefined, 'this gate was started without registry access'],
    ['fewer answers than questions', { gather: () => Promise.resolve([]) }, 'before the deadline'],
    [
      'an answer about other bytes',
      fakeEvidence((request) => ({
        ...evidenceOf(request, digestOf('a')),
        pinned: evidenceOf(request, digestOf('b')).pinned,
      })),
      'another image',
    ],
  ])('%s: denied with a reason', async (_title, evidence, detail) => {
    const gate = gateWith(evidence);
    const decision = await gate.admit(requestFor(pod({ app: 'nginx' })));
    expect(decision.allowed).toBe(false);
    expect(decision.findings).toMatchObject([
      { code: 'image-unavailable', mode: 'Deny', detail: expect.stringContaining(detail) },
    ]);
    expect(gate.uninformed).toEqual([{ namespace: 'default', policies: ['users'], weakened: false }]);
  });

  test('evidence that throws is a defect, and denies', async () => {
    const gate = gateWith({ gather: () => Promise.reject(new Error('boom')) });
    const decision = await gate.admit(requestFor(pod({ app: 'nginx' })));
    expect(decision).toMatchObject({ allowed: false, findings: [{ code: 'internal-error' }] });
    expect(gate.bugs).toHaveLength(1);
  });

  test('onUnavailable: Warn lets it through, with a warning, and it is reported', async () => {
    const why = outage('docker.io: connect', 'connection refused');
    const down: Evidence = {
      gather: (all) => Promise.resolve(all.map(() => ({ pinned: why, facts: { image: why }, tried: [] }))),
    };
    const gate = gateWith(down, { policies: { users: { ...byTag, onUnavailable: 'Warn' } } });
    const decision = await gate.admit(requestFor(pod({ app: 'nginx' })));
    expect(decision).toMatchObject({
      allowed: true,
      findings: [{ code: 'image-unavailable', mode: 'Warn' }],
    });
    expect(decision.warnings).toHaveLength(1);
    expect(gate.uninformed).toMatchObject([{ weakened: true }]);
  });

  test('B16: no annotation and no label stands for evidence', async () => {
    const metadata = {
      annotations: {
        'imagegate.dev/verified': 'true',
        'imagegate.dev/digest': a,
        'kyverno.io/verify-images': `{"nginx":"pass"}`,
      },
      labels: { 'imagegate.dev/skip': 'true' },
    };
    const plain = await gateWith(undefined).admit(requestFor(pod({ app: 'nginx' })));
    const forged = await gateWith(undefined).admit(requestFor(pod({ app: 'nginx' }, { metadata })));
    expect(forged.allowed).toBe(false);
    expect(forged.findings).toEqual(plain.findings);
  });
});

describe('the deadline', () => {
  test('is a decision that says which image was not looked at, with time left to send it', async () => {
    const clock = realClock();
    const gate = gateWith(
      fakeEvidence((request, signal) =>
        request.image.repository === 'fast'
          ? evidenceOf(request, digestOf('a'))
          : silentEvidence()
              .gather([request], undefined, signal)
              .then(([one]) => one ?? evidenceOf(request, digestOf('b'))),
      ),
      { clock, budget: 1_000, policies: { users: nonRoot } },
    );
    const started = clock.monotonic();
    const decision = await gate.admit(
      requestFor(pod({ fast: `registry.example.com/fast@${a}`, slow: `registry.example.com/slow@${a}` })),
    );
    // The code says that evidence gave up before the deadline of the review; a busy machine may be late with both.
    expect(clock.monotonic() - started).toBeLessThan(10_000);
    expect(decision.findings).toMatchObject([
      { code: 'image-unavailable', path: 'spec.containers[1].image' },
    ]);
    expect(decision.durations['evidence']).toBeGreaterThan(800);
  });

  test('holds even if evidence does not keep to it', async () => {
    const never: Evidence = { gather: () => new Promise(() => undefined) };
    const gate = gateWith(never, { clock: realClock(), budget: 200 });
    const decision = await gate.admit(requestFor(pod({ app: 'nginx' })));
    expect(decision.findings).toMatchObject([{ code: 'image-unavailable' }]);
  });

  test('aborts what is still under way', async () => {
    let aborted = false;
    const slow: Evidence = {
      gather: async (_requests, _context, signal) => {
        signal.addEventListener('abort', () => (aborted = true));
        await sleep(50);
        return [];
      },
    };
    await gateWith(slow, { clock: realClock(), budget: 20 }).admit(requestFor(pod({ app: 'nginx' })));
    expect(aborted).toBe(true);
  });
});

describe('digest.pin at /validate', () => {
  const pinning = { checks: [{ digest: { pin: true } }] };
  const gate = fakeGate({ policies: { pinning } });
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { template: { spec: { containers: [{ name: 'a', image: 'nginx' }] } } },
  } as JsonObject;

  test('stands for require on a Pod: one that was not pinned is refused', async () => {
    const decision = await gate.admit(requestFor(pod({ app: 'nginx' })));
    expect(decision).toMatchObject({ allowed: false, findings: [{ code: 'digest-missing' }] });
    expect((await gate.admit(requestFor(pod({ app: `nginx@${a}` })))).allowed).toBe(true);
  });

  test('and on a second debug container', async () => {
    const before = pod(
      { app: `nginx@${a}` },
      { spec: { ephemeralContainers: [{ name: 'one', image: 'busybox' }] } },
    );
    const after = pod(
      { app: `nginx@${a}` },
      {
        spec: {
          ephemeralContainers: [
            { name: 'one', image: 'busybox' },
            { name: 'two', image: 'busybox' },
          ],
        },
      },
    );
    const more = { operation: 'UPDATE', subResource: 'ephemeralcontainers', oldObject: before } as const;
    const decision = await gate.admit(requestFor(after, more));
    expect(decision.findings).toMatchObject([
      { code: 'digest-missing', path: 'spec.ephemeralContainers[1].image' },
    ]);
    expect(decision.findings).toHaveLength(1);
  });

  test('asks nothing of a template, nor of an image review', async () => {
    expect((await gate.admit(requestFor(deployment))).allowed).toBe(true);
    expect((await gate.reviewImages('shop', ['nginx'])).allowed).toBe(true);
  });
});
