import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clientOf } from '../../../test/fakes/api-server/api-server-client.ts';
import { startApiServer, type FakeApiServer } from '../../../test/fakes/api-server/api-server.ts';
import { constraintSettings } from '../../../test/fakes/constraint-settings.ts';
import { constraint, template } from '../../../test/fakes/constraints.ts';
import { fakeGate, pod, requestFor } from '../../../test/fakes/gate.ts';
import { fakeTelemetry } from '../../../test/fakes/telemetry.ts';
import { soon } from '../../../test/soon.ts';
import type { ApiClient } from '../../adapters/kubernetes/client/client.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle.ts';
import type { Telemetry } from '../telemetry.ts';
import { openClusterConstraints, type ClusterConstraints } from './cluster-constraints.ts';

const templates = 'constrainttemplates';
const crds = 'customresourcedefinitions';
const crdName = 'nobash.constraints.gatekeeper.sh';
const rules = (msg: string): string =>
  `violation[{"msg": "${msg}"}] { input.review.object.spec.containers[_].image == "bash" }`;
const noBash = (msg: string): JsonObject => template('NoBash', rules(msg));
const broken = template('NoBash', 'violation[{"msg": msg}] { msg := nothing }');

/** A template that names another kind than its own name says. */
const misnamed = (kind: string): JsonObject => {
  const { spec, ...rest } = noBash('no bash');
  const [target] = (spec as { targets: readonly JsonObject[] }).targets;
  return { ...rest, spec: { crd: { spec: { names: { kind } } }, targets: [target ?? {}] } };
};

let api: FakeApiServer;
let client: ApiClient;
let lifecycle: Lifecycle;
let messages: string[];
let telemetry: Telemetry;
beforeEach(async () => {
  api = await startApiServer();
  client = clientOf(api);
  lifecycle = createLifecycle();
  ({ telemetry, messages } = fakeTelemetry());
  listed = 0;
});
afterEach(async () => {
  await lifecycle.closeAll();
  client.close();
  await api.close();
});

type Mode = 'off' | 'shadow' | 'beside' | 'enforce';
let listed: number;
const open = (mode: Mode, isHolder = true): ClusterConstraints | undefined =>
  openClusterConstraints(
    {
      client,
      config: constraintSettings({ constraints: mode }),
      certificate: { current: () => ({ cert: '', key: '', expiresAt: 0 }) },
      isHolder: () => isHolder,
      onListed: () => void (listed += 1),
    },
    telemetry,
    lifecycle,
  );
const opened = (mode: Mode, isHolder = true): ClusterConstraints => {
  const constraints = open(mode, isHolder);
  if (constraints === undefined) throw new Error('a mistake of the test: nothing was opened');
  return constraints;
};
const judge = (constraints: ClusterConstraints, namespace = 'shop') =>
  fakeGate({ constraints }).admit(requestFor(pod({ app: 'bash' }), { namespace }));
/** What a Pod with bash is refused with; empty: it is not. */
const refusals = async (constraints: ClusterConstraints, namespace?: string): Promise<readonly string[]> =>
  (await judge(constraints, namespace)).findings
    .filter(({ mode }) => mode === 'Deny')
    .map(({ message }) => message);
const until = (what: () => Promise<unknown>, wanted: unknown): Promise<void> =>
  vi.waitFor(async () => expect(await what()).toEqual(wanted), soon);
const writes = (): readonly string[] =>
  api.requests
    .filter(({ verb }) => ['create', 'update', 'patch'].includes(verb))
    .map(({ verb, resource, subresource }) =>
      [verb, resource, subresource].filter((part) => part !== '').join(' '),
    );
const byPod = (plural: string, name: string): unknown =>
  (api.get(plural, name)?.['status'] as { byPod?: unknown } | undefined)?.byPod;

const putBoth = (): void => {
  api.put(templates, noBash('no bash'));
  api.put('nobash', constraint('NoBash', 'a'));
};

describe('R8: constraints of the cluster', () => {
  test('deny until all of them are listed, then judge', async () => {
    putBoth();
    const disarm = api.fault({ verb: 'list', resource: 'nobash', answer: 500 });
    const constraints = opened('enforce');
    await vi.waitFor(
      () => expect(api.requests.some(({ resource }) => resource === 'nobash')).toBe(true),
      soon,
    );
    expect(constraints.part()).toMatchObject({ state: 'waiting', detail: expect.stringContaining('NoBash') });
    expect(await refusals(constraints)).toEqual(['the constraints are not loaded yet']);
    expect([constraints.hasAny(), listed]).toEqual([undefined, 0]);
    disarm();
    await until(() => refusals(constraints), ['no bash']);
    expect([constraints.hasAny(), listed]).toEqual([true, 1]);
    expect(constraints.part()).toMatchObject({ state: 'ok' });
  });

  test.each([
    ['beside', 'waiting'],
    ['shadow', 'trouble'],
  ] as const)('that may not be listed: with %s the gate is in the state %s', async (mode, state) => {
    api.fault({ verb: 'list', resource: templates, answer: 403 });
    const constraints = opened(mode);
    await vi.waitFor(() => expect(constraints.part().detail).not.toContain('not listed yet'), soon);
    expect(constraints.part()).toMatchObject({ state, detail: expect.stringContaining('templates: ') });
    expect((await refusals(constraints)).length).toBe(mode === 'shadow' ? 0 : 1);
  });

  test('of a template that broke while nobody looked refuse, whatever kind it now names', async () => {
    for (const kind of ['Another', '']) {
      api.put(templates, misnamed(kind));
      api.put('nobash', constraint('NoBash', 'a'));
      const constraints = opened('beside');
      await until(
        () => refusals(constraints),
        [
          expect.stringContaining(
            "the template 'nobash' cannot be used, and no good revision of it is known",
          ),
        ],
      );
    }
  });

  test('refuse without a gap while a template is repaired and its constraints are listed again', async () => {
    api.put(templates, misnamed('Another'));
    api.put('nobash', constraint('NoBash', 'a'));
    const constraints = opened('beside');
    await vi.waitFor(
      async () => expect(await refusals(constraints)).toEqual([expect.stringContaining('cannot be used')]),
      soon,
    );
    api.fault({ verb: 'list', resource: 'nobash', slow: 500, times: 1 });
    api.put(templates, noBash('no bash'));
    const seen = new Set<string>();
    await vi.waitFor(
      async () => {
        seen.add((await refusals(constraints)).join());
        expect([...seen].at(-1)).toBe('no bash');
      },
      { ...soon, interval: 5 },
    );
    expect([...seen]).toEqual([expect.stringContaining('cannot be used'), 'no bash']);
  });

  test('follow what changes; a template that breaks keeps its last good revision', async () => {
    putBoth();
    const constraints = opened('enforce');
    await until(() => refusals(constraints), ['no bash']);
    api.put(templates, noBash('still none'));
    await until(() => refusals(constraints), ['still none']);
    api.put(templates, broken);
    await vi.waitFor(() => expect(constraints.part().state).toBe('trouble'), soon);
    expect(await refusals(constraints)).toEqual(['still none']);
    const samples = async (): Promise<readonly string[]> =>
      (await telemetry.metrics.render()).text
        .split('\n')
        .filter((line) => /^imagegate_constraint(s|_templates)\{/.test(line));
    await until(samples, [
      'imagegate_constraint_templates{status="active"} 0',
      'imagegate_constraint_templates{status="error"} 1',
      'imagegate_constraints{action="deny",status="active"} 1',
    ]);
    await vi.waitFor(
      () =>
        expect(byPod(templates, 'nobash')).toMatchObject([
          {
            id: 'imagegate',
            errors: expect.arrayContaining([expect.objectContaining({ code: 'ingest_error' })]),
          },
        ]),
      soon,
    );
    api.delete('nobash', 'a');
    await until(() => refusals(constraints), []);
  });

  test('a template without its CRD has no constraints, and nobody waits for them', async () => {
    api.put(templates, noBash('no bash'));
    api.serves('nobash', false);
    const constraints = opened('beside');
    await vi.waitFor(() => expect(constraints.part().state).toBe('ok'), soon);
    expect(await refusals(constraints)).toEqual([]);
    api.serves('nobash', true);
    api.put('nobash', constraint('NoBash', 'a'));
    await until(() => refusals(constraints), ['no bash']);
  });

  test('constraints that were known stay while the cluster does not know their kind, and the state says so', async () => {
    putBoth();
    const constraints = opened('beside');
    await until(() => refusals(constraints), ['no bash']);
    api.serves('nobash', false);
    api.watches.cut();
    await vi.waitFor(() => expect(constraints.part()).toMatchObject({ state: 'trouble' }), soon);
    expect(await refusals(constraints)).toEqual(['no bash']);
    api.delete('nobash', 'a');
    api.serves('nobash', true);
    await until(() => refusals(constraints), []);
  });

  test('only the Config in its own namespace excludes, and only the one of its name', async () => {
    putBoth();
    const config = (namespace: string, name: string): JsonObject => ({
      apiVersion: 'config.gatekeeper.sh/v1alpha1',
      kind: 'Config',
      metadata: { name, namespace },
      spec: { match: [{ processes: ['*'], excludedNamespaces: ['shop'] }] },
    });
    api.put('configs', config('shop', 'config'));
    api.put('configs', config('gatekeeper-system', 'other'));
    const constraints = opened('enforce');
    await until(() => refusals(constraints), ['no bash']);
    api.put('configs', config('gatekeeper-system', 'config'));
    await until(() => refusals(constraints), []);
    expect(await refusals(constraints, 'bank')).toEqual(['no bash']);
  });
});

describe('CRDs and statuses', () => {
  test('are written by the holder, once', async () => {
    putBoth();
    const constraints = opened('enforce');
    await vi.waitFor(() => expect(byPod('nobash', 'a')).toBeDefined(), soon);
    await vi.waitFor(() => expect(api.get(crds, crdName)).toBeDefined(), soon);
    const uid = api.get(templates, 'nobash')?.metadata.uid;
    expect(api.get(crds, crdName)?.metadata).toMatchObject({
      ownerReferences: [{ kind: 'ConstraintTemplate', name: 'nobash', uid, controller: true }],
    });
    expect(byPod(templates, 'nobash')).toMatchObject([{ id: 'imagegate', templateUID: uid }]);
    expect(byPod('nobash', 'a')).toMatchObject([{ id: 'imagegate', enforced: true }]);
    const before = writes();
    expect(before.toSorted()).toEqual([
      `create ${crds}`,
      'patch constrainttemplates status',
      'patch nobash status',
    ]);
    // What comes later is seen, so what was there before was looked at again.
    api.put('nobash', constraint('NoBash', 'b', { enforcementAction: 'dryrun' }));
    await vi.waitFor(() => expect(byPod('nobash', 'b')).toBeDefined(), soon);
    constraints.wake();
    expect(writes()).toEqual([...before, 'patch nobash status']);
  });

  test('a constraint that no webhook asks is not enforced, and says so', async () => {
    api.put(templates, noBash('no bash'));
    const services = { match: { kinds: [{ apiGroups: [''], kinds: ['Service'] }] } };
    api.put('nobash', constraint('NoBash', 'a', services));
    opened('enforce');
    await vi.waitFor(
      () =>
        expect(byPod('nobash', 'a')).toMatchObject([
          { enforced: false, errors: [{ code: 'not_asked', message: expect.stringContaining('Service') }] },
        ]),
      soon,
    );
  });

  test('a violation without msg refuses nothing, is counted, and stands in the status until the template changes', async () => {
    api.put(templates, template('NoBash', 'violation[{"details": {}}]'));
    api.put('nobash', constraint('NoBash', 'a'));
    const constraints = opened('enforce');
    await vi.waitFor(() => expect(byPod('nobash', 'a')).toBeDefined(), soon);
    const isSilent = (): boolean => JSON.stringify(byPod('nobash', 'a')).includes('"violation_without_msg"');
    expect(isSilent()).toBe(false);
    for (let turn = 0; turn < 2; turn++) expect(await refusals(constraints)).toEqual([]);
    await vi.waitFor(() => expect(isSilent()).toBe(true), soon);
    expect(byPod('nobash', 'a')).toMatchObject([{ enforced: true }]);
    expect((await telemetry.metrics.render()).text).toContain(
      'imagegate_constraint_violations_without_msg_total 2',
    );
    expect(messages.filter((message) => message.includes('without msg'))).toHaveLength(1);
    api.put(templates, noBash('no bash'));
    await until(() => refusals(constraints), ['no bash']);
    await vi.waitFor(() => expect(isSilent()).toBe(false), soon);
  });

  test.each([
    ['shadow', true],
    ['beside', true],
    ['enforce', false],
  ] as const)('%s (holder: %s) writes nothing', async (mode, isHolder) => {
    putBoth();
    const constraints = opened(mode, isHolder);
    await vi.waitFor(() => expect(constraints.part().state).toBe('ok'), soon);
    expect((await judge(constraints)).allowed).toBe(mode === 'shadow');
    constraints.wake();
    api.put('nobash', constraint('NoBash', 'b'));
    await vi.waitFor(
      async () =>
        expect(
          (await judge(constraints)).findings.filter(({ check }) => check === 'constraint'),
        ).toHaveLength(2),
      soon,
    );
    expect(writes()).toEqual([]);
  });

  test('a CRD that differs is put right, and what others wrote beside it stays', async () => {
    api.put(templates, noBash('no bash'));
    api.put(crds, { metadata: { name: crdName, labels: { team: 'a' } }, spec: { group: 'other' } });
    opened('enforce');
    await vi.waitFor(
      () => expect(api.get(crds, crdName)?.['spec']).toMatchObject({ scope: 'Cluster' }),
      soon,
    );
    expect(api.get(crds, crdName)?.metadata.labels).toMatchObject({
      team: 'a',
      'gatekeeper.sh/constraint': 'yes',
    });
  });

  test.each([
    ['who came after the gate', false],
    ['who was there before it', true],
  ])('are left alone when somebody %s puts entries back twice', async (_who, wasThere) => {
    const foreign = { created: true, byPod: [{ id: 'gatekeeper-controller-manager-0' }] };
    putBoth();
    if (wasThere) api.put(templates, { ...noBash('no bash'), status: foreign });
    opened('enforce');
    const isLeftAlone = (): boolean => messages.some((message) => message.startsWith('somebody else writes'));
    const isOurs = (): boolean => JSON.stringify(byPod(templates, 'nobash') ?? []).includes('"imagegate"');
    // The first entries of somebody are not put back, they are dropped.
    let undone = wasThere ? 1 : 0;
    for (; undone < 10; undone++) {
      await vi.waitFor(() => expect(isOurs() || isLeftAlone()).toBe(true), soon);
      if (isLeftAlone()) break;
      api.put(templates, { ...noBash('no bash'), status: foreign });
    }
    expect(undone).toBe(3);
    expect((await telemetry.metrics.render()).text).toContain('imagegate_constraints_foreign_writer 1');
  });
});

test('off asks nobody, and says once that there are templates', async () => {
  putBoth();
  expect(open('off')).toBeUndefined();
  await vi.waitFor(() => expect(messages).toEqual([expect.stringContaining('see --constraints')]), soon);
});
