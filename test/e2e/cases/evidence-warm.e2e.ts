import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ask } from '../../fakes/registry/registry-client.ts';
import { image } from '../../fakes/registry/registry-content.ts';
import { listen } from '../../fakes/registry/registry-listener.ts';
import { startFakeRegistry } from '../../fakes/registry/registry.ts';
import { startDockerRegistry } from '../harness/docker-registry.ts';
import { createPod, judgeImages } from '../harness/evidence-judged.ts';
import { rowOf, stageEvidence } from '../harness/evidence-stage.ts';
import { eventually } from '../harness/eventually.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { pushManifest } from '../harness/registry-push.ts';

const eventToken = 'the-token-of-the-registry';

interface PodItem {
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
}

/** The registry speaks plain HTTP to it, as to a proxy beside it, and it speaks TLS to the gate. */
const startForwarder = async (gateUrl: string, ca: () => string) => {
  const answers: number[] = [];
  const pulled = new Set<string>();
  const listener = await listen({}, async ({ request, response, body }) => {
    const { authorization = '', 'content-type': type = '' } = request.headers;
    const headers = { authorization, 'content-type': type };
    const answer = await ask(`${gateUrl}/registry-events`, { method: 'POST', headers, body, ca: ca() });
    answers.push(answer.status);
    const { events } = JSON.parse(body) as { events: { action: string; target: { digest: string } }[] };
    for (const { action, target } of events) if (action === 'pull') pulled.add(target.digest);
    response.writeHead(answer.status).end(answer.body);
  });
  return { ...listener, answers, pulled };
};

describe('images that are looked at before their Pods come', () => {
  const stage = stageEvidence(async (gateUrl) => {
    // One that counts, and one that tells of pushes.
    const counting = await startFakeRegistry();
    const forwarder = await startForwarder(gateUrl, () =>
      readFileSync(join(stage.gate.data, 'tls', 'ca.crt'), 'utf8'),
    );
    const headers = { Authorization: [`Bearer ${eventToken}`] };
    const telling = await startDockerRegistry({ tls: true, notify: { url: forwarder.url, headers } });
    const tokenFile = join(telling.folder, 'token');
    writeFileSync(tokenFile, eventToken, { mode: 0o600 });
    const hosts = [counting.host, telling.host];
    const config = {
      registries: [rowOf(counting), rowOf(telling)],
      registryEvents: [{ source: 'tests', format: 'distribution', tokenFile, hosts }],
    };
    const close = async () => {
      await telling.stop();
      await forwarder.close();
      await counting.close();
    };
    return { counting, telling, forwarder, config, close };
  });
  const { cluster } = stage;
  let namespace: string;
  /** Digests are added here, and nothing is judged that needs a registry. */
  let pinning: string;
  beforeAll(async () => {
    const { counting, telling } = stage.around;
    namespace = await createNamespace(cluster);
    pinning = await createNamespace(cluster);
    await judgeImages(cluster, namespace, { hosts: [counting.host, telling.host] });
    await judgeImages(cluster, pinning, { hosts: [counting.host], checks: [] });
  });

  const settled = async (requests: number): Promise<void> => {
    const { counting } = stage.around;
    await eventually('the image to be looked at', async () => counting.counts().total >= requests, {
      within: 5_000,
      every: 20,
    });
  };
  const tell = async (token: string, event: object): Promise<number> => {
    const ca = readFileSync(join(stage.gate.data, 'tls', 'ca.crt'), 'utf8');
    const { status } = await ask(`${stage.gate.url}/registry-events`, {
      method: 'POST',
      ca,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ events: [event] }),
    });
    return status;
  };
  const pushOf = (repository: string, { digest, mediaType }: { digest: string; mediaType: string }) => ({
    action: 'push',
    target: { mediaType, digest, repository, tag: 'v1' },
    request: { host: stage.around.counting.host },
  });

  it.each([
    { title: 'whose own review looked at the image', name: 'judged', where: () => namespace, looked: 2 },
    { title: 'whose own review needed no registry', name: 'pinned', where: () => pinning, looked: 1 },
  ])('cost Pods at most one request after a Deployment $title', async ({ name, where, looked }) => {
    const { counting } = stage.around;
    counting.forget();
    const made = counting.push(`team/${name}`, image({ user: '65532' }), 'v1');
    const text = `${counting.host}/team/${name}:v1`;
    const run = (...args: string[]) => cluster.must(['-n', where(), ...args]);
    await run('create', 'deployment', name, `--image=${text}`, '--replicas=0');
    await settled(looked);
    counting.forget();
    await run('scale', 'deployment', name, '--replicas=3');
    const images = await eventually(
      'its Pods',
      async () => {
        const path = `/api/v1/namespaces/${where()}/pods?labelSelector=app=${name}`;
        const items = (await cluster.api('GET', path)).body['items'] as PodItem[];
        return items.length === 3 && items.map(({ spec }) => spec.containers[0]?.image);
      },
      { within: 10_000 },
    );
    expect(images).toEqual(images.map(() => `${text}@${made.digest}`));
    expect(counting.counts().total).toBeLessThanOrEqual(1);
  });

  it('cost a Pod that names the digest no request after the registry told of the push', async () => {
    const { counting } = stage.around;
    counting.forget();
    const made = counting.push('team/told', image({ user: '65532' }), 'v1');
    expect(await tell(eventToken, pushOf('team/told', made))).toBe(202);
    await settled(2);
    counting.forget();
    const byDigest = await createPod(cluster, namespace, `${counting.host}/team/told@${made.digest}`);
    expect([byDigest.status, counting.counts().total]).toEqual([201, 0]);
    // A tag may have moved since: that is asked, and nothing else.
    const byTag = await createPod(cluster, namespace, `${counting.host}/team/told:v1`);
    expect(byTag.image).toBe(`${counting.host}/team/told:v1@${made.digest}`);
    expect(counting.counts()).toMatchObject({ total: 1, manifests: 1 });
  });

  it.each(['', 'another token', `${eventToken}!`])(
    'are not looked at for somebody with the token "%s"',
    async (token) => {
      const { counting } = stage.around;
      counting.forget();
      const made = counting.push('team/forged', image({ user: '65532' }), 'v1');
      expect(await tell(token, pushOf('team/forged', made))).toBe(401);
      // What is told later was looked at: so the other one would have been as well.
      const next = counting.push(
        `team/after${token.length}`,
        image({ user: '65532', labels: { token } }),
        'v1',
      );
      expect(await tell(eventToken, pushOf(`team/after${token.length}`, next))).toBe(202);
      await settled(2);
      expect(counting.requests.filter(({ path }) => path.includes('forged'))).toEqual([]);
    },
  );

  it('are those that docker-registry tells of: a Pod starts although the registry went away since', async () => {
    const { telling, forwarder } = stage.around;
    const made = image({ user: '65532', labels: { name: 'notified' } });
    const root = image({ user: '0', labels: { name: 'notified' } });
    for (const [tag, pushed] of Object.entries({ v1: made, root }))
      await pushManifest(telling, 'team/notified', pushed, tag);
    // The registry tells of the gate's own pulls as well.
    const configs = [made, root].map(({ config }) => config!.digest);
    await eventually('both to be looked at', async () => configs.every((one) => forwarder.pulled.has(one)), {
      within: 5_000,
    });
    expect(new Set(forwarder.answers)).toEqual(new Set([202]));
    const at = `${telling.host}/team/notified`;
    await telling.down();
    const passed = await createPod(cluster, namespace, `${at}:v1@${made.digest}`);
    expect([passed.status, passed.message]).toEqual([201, '']);
    const refused = await createPod(cluster, namespace, `${at}:root@${root.digest}`);
    expect([refused.status, refused.message]).toEqual([403, expect.stringContaining('image-user-root')]);
    await telling.up();
  });
});
