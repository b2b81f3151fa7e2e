import { beforeAll, describe, expect, it } from 'vitest';
import { image } from '../../fakes/registry/registry-content.ts';
import { startDockerRegistry } from '../harness/docker-registry.ts';
import {
  createPod,
  decisionOn,
  detailsOf,
  judgeImages,
  type CreatedPod,
} from '../harness/evidence-judged.ts';
import { rowOf, stageEvidence } from '../harness/evidence-stage.ts';
import { eventually } from '../harness/eventually.ts';
import { imagegate } from '../harness/imagegate.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { pushManifest } from '../harness/registry-push.ts';

describe('a registry that goes away', () => {
  const stage = stageEvidence(async () => {
    const registry = await startDockerRegistry({ tls: true });
    return { registry, config: { registries: [rowOf(registry)] }, close: () => registry.stop() };
  });
  const { cluster } = stage;
  /** The second one takes the last result of a tag for an hour. */
  let strict: string;
  let patient: string;
  let host: string;
  const digests = new Map<string, string>();
  const app = (tag: string) => `${host}/team/app:${tag}`;
  const pinned = (tag: string) => `${app(tag)}@${digests.get(tag)}`;
  const refusedBy = (code: string) => ({ status: 403, message: expect.stringContaining(code) as string });
  const admit = async (namespace: string, text: string) => {
    const { status, message, image: stored } = await createPod(cluster, namespace, text);
    expect([text, status, message]).toEqual([text, 201, '']);
    return stored;
  };
  const decision = ({ name }: CreatedPod, namespace = strict) => decisionOn(stage.gate, { namespace, name });

  beforeAll(async () => {
    const { registry } = stage.around;
    host = registry.host;
    for (const tag of ['known', 'root', 'new', 'next']) {
      const made = image({ labels: { tag }, ...(tag !== 'root' && { user: '65532' }) });
      await pushManifest(registry, 'team/app', made, tag);
      digests.set(tag, made.digest);
    }
    strict = await createNamespace(cluster);
    patient = await createNamespace(cluster);
    await judgeImages(cluster, strict, { hosts: [host] });
    await judgeImages(cluster, patient, { hosts: [host], spec: { staleFor: '1h' } });
  });

  it('makes a new image image-unavailable, by host, stage, credential and time, and is seen when it is back', async () => {
    expect(await admit(strict, app('known'))).toBe(pinned('known'));
    expect(await createPod(cluster, strict, app('root'))).toMatchObject(refusedBy('image-user-root'));
    await stage.around.registry.down();
    const refused = await createPod(cluster, strict, app('new'));
    expect(refused).toMatchObject(refusedBy('check image: image-unavailable'));
    expect(refused.message).toContain(
      `image '${app('new')}' could not be looked at, so nobody can say whether it passes`,
    );
    const recorded = await decision(refused);
    const escaped = host.replaceAll('.', '\\.');
    const why = `${escaped}: connect: connection refused: nothing listens on that port \\(ECONNREFUSED\\), without a credential, after [\\d,]+ ms`;
    expect(detailsOf(recorded)).toMatch(
      new RegExp(`image-unavailable: ${why}; tried anonymous: no answer$`, 'm'),
    );
    // The same reaches whoever types it, by the warning of /mutate and by the command that the refusal names.
    expect(refused.warnings).toMatch(new RegExp(`was not pinned: ${why}`));
    const { stdout } = await imagegate(['explain', recorded.id, '--data', stage.gate.data]);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('nothing listens on that port');

    // What is named by digest and was read before cannot have changed: it is judged as ever, not waved through.
    expect(await admit(strict, pinned('known'))).toBe(pinned('known'));
    expect(await createPod(cluster, strict, pinned('root'))).toMatchObject(refusedBy('image-user-root'));
    expect(await createPod(cluster, strict, pinned('new'))).toMatchObject(refusedBy('image-unavailable'));

    // Many who ask in vain open the circuit breaker; it must not outlast the outage for long.
    const burst = await Promise.all(
      Array.from({ length: 10 }, () => createPod(cluster, strict, app('next'))),
    );
    expect(burst.map(({ status }) => status)).toEqual(burst.map(() => 403));
    await stage.around.registry.up();
    const back = Date.now();
    const image = await eventually(
      'the registry to be seen again',
      async () => (await createPod(cluster, strict, app('new'))).image,
      { within: 10_000 },
    );
    expect(image).toBe(pinned('new'));
    expect(Date.now() - back).toBeLessThan(5_000);
  });

  it('leaves the last result of a tag to the policies that take it, with its age', async () => {
    expect(await admit(patient, app('next'))).toBe(pinned('next'));
    await stage.around.registry.down();
    // For five seconds a tag is what it was found to be.
    const refused = await eventually(
      'the tag to be asked for again',
      async () => {
        const answer = await createPod(cluster, strict, app('next'));
        return answer.status === 403 && answer;
      },
      { within: 10_000, every: 1_000 },
    );
    expect(refused).toMatchObject(refusedBy('image-unavailable'));
    expect(detailsOf(await decision(refused))).toMatch(
      /the last result is \d+ seconds old, and the policy takes no older result \(staleFor\)/,
    );
    const passed = await createPod(cluster, patient, app('next'));
    expect([passed.message, passed.image]).toEqual(['', pinned('next')]);
    expect(passed.warnings).toMatch(
      /could not be asked: it was pinned to what its tag stood for \d+ seconds ago/,
    );
    await stage.around.registry.up();
  });

  it('is no reason to hold up what runs, not even with the gate dead as well', async () => {
    await admit(patient, pinned('known'));
    const labelled = await createPod(cluster, strict, pinned('known'));
    await stage.gate.kill();
    const { status, message } = await createPod(cluster, strict, pinned('known'));
    expect([status, message]).toEqual([500, expect.stringContaining('"validate.imagegate.dev"')]);
    expect(message).not.toContain('mutate.imagegate.dev');
    const path = `/api/v1/namespaces/${strict}/pods/${labelled.name}`;
    expect(await cluster.api('PATCH', path, { metadata: { labels: { touched: 'yes' } } })).toMatchObject({
      status: 200,
    });
    expect(await cluster.api('PATCH', path, { spec: { activeDeadlineSeconds: 3600 } })).toMatchObject({
      status: 500,
    });
    expect(await cluster.api('DELETE', path)).toMatchObject({ status: 200 });
  });
});
