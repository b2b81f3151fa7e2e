import { beforeAll, describe, expect, it } from 'vitest';
import { image, type FakeManifest } from '../../fakes/registry/registry-content.ts';
import { keylessSimpleLayer } from '../../fakes/signature/keyless.ts';
import { candidateOf, tagFor } from '../../fakes/signature/signed-candidates.ts';
import { simplePayload } from '../../fakes/signature/signed-layers.ts';
import {
  createSigstore,
  identity,
  issuerUrl,
  type Sigstore,
} from '../../fakes/signature/sigstore-instance.ts';
import { startDockerRegistry } from '../harness/docker-registry.ts';
import { createPod, decisionOn, detailsOf } from '../harness/evidence-judged.ts';
import { eventually } from '../harness/eventually.ts';
import { rowOf, stageEvidence } from '../harness/evidence-stage.ts';
import { createNamespace } from '../harness/namespaces.ts';
import { putPolicy, untilJudged } from '../harness/policies.ts';
import { pushManifest } from '../harness/registry-push.ts';

const trustRoots = '/apis/imagegate.dev/v1alpha1/trustroots';

/** One root for all tests here, named after their namespace: the cluster is shared. */
const rootOf = (name: string, spec: object) => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'TrustRoot',
  metadata: { name },
  spec,
});
const trusting = ({ trustedRoot }: Sigstore): object => ({
  sigstore: { trustedRoot: JSON.stringify(trustedRoot) },
});
const policyOf = (namespace: string) => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'ImagePolicy',
  metadata: { name: `signed-${namespace}` },
  spec: {
    match: { namespaces: { include: [namespace] } },
    checks: [
      {
        signature: {
          authorities: [
            {
              name: 'ci',
              keyless: { trustRoot: namespace, identities: [{ issuer: issuerUrl, subject: identity }] },
            },
          ],
        },
      },
    ],
  },
});

describe('trust roots of a cluster', () => {
  const acme = createSigstore();
  const other = createSigstore();
  const stage = stageEvidence(async () => {
    const docker = await startDockerRegistry({ tls: true });
    return { docker, config: { registries: [rowOf(docker)] }, close: () => docker.stop() };
  });
  const { cluster } = stage;
  let namespace: string;
  let signed: string;

  const apply = async (spec: object): Promise<void> => {
    const input = JSON.stringify(rootOf(namespace, spec));
    const { code, stderr } = await cluster.run(['apply', '-f', '-'], { input });
    expect([code, stderr]).toEqual([0, '']);
  };
  const pushSigned = async (by: Sigstore): Promise<string> => {
    const made: FakeManifest = image({ labels: { test: String(Math.random()) } });
    const signature = candidateOf([keylessSimpleLayer(by, { payload: simplePayload(made.digest) })]);
    await pushManifest(stage.around.docker, 'team/app', made, 'signed');
    await pushManifest(stage.around.docker, 'team/app', signature, tagFor(made, 'sig'));
    return `${stage.around.docker.host}/team/app:signed@${made.digest}`;
  };
  /** How a Pod of the signed image is judged now. */
  const judged = async (): Promise<string> => {
    const { status, message } = await createPod(cluster, namespace, signed);
    if (status === 201) return 'allowed';
    return /check signature: ([a-z-]+),/.exec(message)?.[1] ?? `${status} ${message}`;
  };
  /** The gate hears of a changed root a moment later. */
  const becomes = async (...want: readonly string[]): Promise<void> => {
    let last = '';
    const isWanted = async (): Promise<boolean> => want.includes((last = await judged()));
    await eventually('the verdict', isWanted, { within: 10_000, every: 100 }).catch(() => undefined);
    expect(want).toContain(last);
  };
  const accepted = async (): Promise<unknown> => {
    const { body } = await cluster.api('GET', `${trustRoots}/${namespace}`);
    const { status } = body as {
      status?: { conditions?: { type: string; status: string; message: string }[] };
    };
    return status?.conditions?.find(({ type }) => type === 'Accepted');
  };

  beforeAll(async () => {
    namespace = await createNamespace(cluster);
    await putPolicy(cluster, policyOf(namespace));
    await untilJudged(cluster, namespace, false);
    signed = await pushSigned(acme);
  });

  it('a policy that names a root which is not there refuses, and says so (S9)', async () => {
    const refused = await createPod(cluster, namespace, signed);
    expect(refused).toMatchObject({ status: 403 });
    expect(refused.message).toContain('signature-unavailable,');
    const details = detailsOf(await decisionOn(stage.gate, { namespace, name: refused.name }));
    expect(details).toContain(namespace);
  });

  it('applied by kubectl, it is accepted and in force', async () => {
    await apply(trusting(acme));
    await becomes('allowed');
    await eventually(
      'the condition',
      async () => JSON.stringify(await accepted())?.includes('"status":"True"'),
      {
        within: 5_000,
      },
    );
    const { stdout } = await cluster.run(['get', 'trustroots', namespace]);
    expect(stdout).toMatch(new RegExp(`NAME\\s+ACCEPTED\\s+AGE\\n${namespace}\\s+True\\s+`));
    const { stdout: explained } = await cluster.run(['explain', 'trustroot.spec.sigstore.trustedRoot']);
    expect(explained).toMatch(/DESCRIPTION:\n {4}\S/);
  });

  it('swapped, it counts at once: what was remembered under the former root does not', async () => {
    await apply(trusting(other));
    // Which of them depends on the names in the certificates of both instances.
    await becomes('signature-untrusted', 'signature-invalid');
    await apply(trusting(acme));
    await becomes('allowed');
  });

  it('swapped under load: every Pod is judged by one root or the other, and by the new one alone in the end', async () => {
    const verdicts: string[] = [];
    const swapping = new AbortController();
    const load = Array.from({ length: 4 }, async () => {
      while (!swapping.signal.aborted) verdicts.push(await judged());
    });
    for (const instance of [other, acme, other]) await apply(trusting(instance));
    await becomes('signature-untrusted', 'signature-invalid');
    swapping.abort();
    await Promise.all(load);
    const refused = ['signature-untrusted', 'signature-invalid'];
    expect(verdicts.filter((one) => one !== 'allowed' && !refused.includes(one))).toEqual([]);
    expect(new Set(verdicts).size).toBeGreaterThan(1);
    const after = await Promise.all(Array.from({ length: 16 }, judged));
    expect(after.filter((one) => !refused.includes(one))).toEqual([]);
    await apply(trusting(acme));
    await becomes('allowed');
  });

  it.each<[string, object, readonly string[]]>([
    ['a misspelt field', { sigstore: { trustedroot: '{}' } }, ['trustedroot', 'did you mean trustedRoot']],
    ['TUF, which this version cannot (R5)', { sigstore: { tuf: {} } }, ['cannot fetch a root']],
    ['a truncated root', { sigstore: { trustedRoot: '{"mediaType":' } }, ['it is not JSON']],
    ['a certificate that cannot be read', { x509: { roots: 'PEM' } }, ['holds no certificate']],
  ])('%s is refused though the client asked for no validation (R9)', async (_title, spec, says) => {
    const path = `${trustRoots}?fieldValidation=Ignore`;
    const created = await cluster.api('POST', path, rootOf(`${namespace}-broken`, spec));
    expect(created.status).toBeGreaterThanOrEqual(400);
    expect(created.status).toBeLessThan(500);
    for (const word of says) expect(created.message).toContain(word);
    const patched = await cluster.api('PATCH', `${trustRoots}/${namespace}?fieldValidation=Ignore`, {
      spec: { sigstore: null, ...spec },
    });
    expect([patched.status, patched.message]).toEqual([403, expect.stringContaining(says[0] ?? '')]);
    await becomes('allowed');
  });

  it('deleted, it is missing again, whatever was remembered', async () => {
    expect((await cluster.run(['delete', 'trustroot', namespace])).code).toBe(0);
    await becomes('signature-unavailable');
  });
});
