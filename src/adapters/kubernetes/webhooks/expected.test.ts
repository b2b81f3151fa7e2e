import { beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../../../test/e2e/harness/certificates.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { createWorkloadTable } from '../../../core/workload/kinds/kinds.ts';
import { compareWebhooks } from './compare.ts';
import { isTrustedEverywhere } from './ca-bundle.ts';
import { expectedWebhooks } from './expected.ts';
import type { WebhookConfigurationKind } from './webhooks.ts';

let ours: string;
let other: string;
let leaf: string;
beforeAll(async () => {
  const authority = await createAuthority('ours');
  ours = authority.certificate;
  other = (await createAuthority('other')).certificate;
  leaf = (await authority.issueServer('gate', ['gate.example.com', '10.0.0.7'])).certificate;
});

const expected = (namespace?: string, kind: WebhookConfigurationKind = 'ValidatingWebhookConfiguration') =>
  expectedWebhooks(
    {
      workloads: createWorkloadTable([]).all,
      bootstrapNamespaces: ['kube-system'],
      namespace,
      webhookName: 'validate.imagegate.dev',
      guardsConstraints: false,
      ownUrl: 'https://127.0.0.1:8443',
      certificate: () => leaf,
    },
    kind,
  );
const clientsOf = (configuration: JsonObject): unknown[] =>
  (configuration['webhooks'] as unknown as { clientConfig: object }[]).map(
    ({ clientConfig }) => clientConfig,
  );
const named = (name: string, clientConfig: unknown): JsonObject =>
  ({ webhooks: [{ name, clientConfig }] }) as JsonObject;
const urlOf = (found: JsonObject | undefined): unknown =>
  (clientsOf(expected()(found))[0] as { url: string }).url;
const validate = 'validate.imagegate.dev';

describe('R13: the webhook configuration that is expected', () => {
  test.each([
    ['a name of our certificate', 'https://gate.example.com:9443/validate'],
    ['an address of our certificate', 'https://10.0.0.7/validate'],
  ])('outside of a cluster has the URL that is there, when it is %s', (_title, url) => {
    expect(urlOf(named(validate, { url }))).toBe(url);
  });

  test.each<[string, JsonObject | undefined]>([
    ['there is none', undefined],
    ['it holds no webhooks', {}],
    ['its webhooks are no list', { webhooks: 'none' }],
    ['its webhooks are no objects', { webhooks: [null, 1, 'x'] }],
    ['it has another webhook only', named('x.imagegate.dev', { url: 'https://gate.example.com/validate' })],
    ['it calls a Service', named(validate, { service: { name: 'x' } })],
    ['it has no client', named(validate, undefined)],
    ['the host is a stranger', named(validate, { url: 'https://evil.example.com/validate' })],
    ['the address is a stranger', named(validate, { url: 'https://10.0.0.8/validate' })],
    ['the IPv6 address is a stranger', named(validate, { url: 'https://[::1]/validate' })],
    ['the path is another', named(validate, { url: 'https://gate.example.com/allow' })],
    ['it is no URL', named(validate, { url: 'gate/validate' })],
    ['it is no text', named(validate, { url: 7 })],
  ])('outside of a cluster has our own URL when %s', (_title, found) => {
    expect(urlOf(found)).toBe('https://127.0.0.1:8443/validate');
  });

  test('inside of a cluster calls the Service, whatever URL is there', () => {
    const found = named(validate, { url: 'https://gate.example.com/validate' });
    const service = { name: 'imagegate', namespace: 'imagegate-system', port: 443, path: '/validate' };
    for (const client of clientsOf(expected('imagegate-system')(found))) {
      expect(client).toEqual({ service, caBundle: '' });
    }
  });

  test.each<WebhookConfigurationKind>(['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'])(
    'is met by itself, and by no other: %s',
    (kind) => {
      const whole = expected('imagegate-system', kind)(undefined);
      expect(whole['kind']).toBe(kind);
      expect(compareWebhooks(whole, whole, '')).toEqual([]);
      expect(compareWebhooks(whole, expected(undefined, kind)(undefined), '')).not.toEqual([]);
    },
  );

  test.each<[string, JsonObject | undefined, string]>([
    ['nothing is there', undefined, 'https://127.0.0.1:8443/mutate'],
    [
      'its own URL is ours',
      named('mutate.imagegate.dev', { url: 'https://10.0.0.7/mutate' }),
      'https://10.0.0.7/mutate',
    ],
    [
      'its path is another',
      named('mutate.imagegate.dev', { url: 'https://10.0.0.7/validate' }),
      'https://127.0.0.1:8443/mutate',
    ],
    [
      'its host is a stranger',
      named('mutate.imagegate.dev', { url: 'https://evil.example.com/mutate' }),
      'https://127.0.0.1:8443/mutate',
    ],
  ])('the mutating one has its own door when %s', (_title, found, url) => {
    const [client] = clientsOf(expected(undefined, 'MutatingWebhookConfiguration')(found));
    expect(client).toMatchObject({ url });
  });
});

describe('R15: a CA is trusted everywhere', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const bundles = (...all: unknown[]): JsonObject =>
    ({
      webhooks: all.map((caBundle, index) => ({ name: `w${index}`, clientConfig: { caBundle } })),
    }) as JsonObject;
  const broken = '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n';

  test('when every webhook holds it, whatever stands beside it', () => {
    const found = bundles(base64(ours), base64(`${other}${ours}`), base64(`${broken}${ours}`));
    expect(isTrustedEverywhere(found, ours)).toBe(true);
  });

  test.each<[string, () => JsonObject | undefined]>([
    ['nothing was found', () => undefined],
    ['there are no webhooks', () => bundles()],
    ['one of them lacks it', () => bundles(base64(ours), base64(other))],
    ['one of them has no bundle', () => bundles(base64(ours), undefined)],
    ['one of them cannot be read', () => bundles(base64(ours), base64(broken))],
    ['one of them is no text', () => bundles(base64(ours), 7)],
  ])('not when %s', (_title, found) => expect(isTrustedEverywhere(found(), ours)).toBe(false));

  test('not when it cannot be read itself', () =>
    expect(isTrustedEverywhere(bundles(base64(broken)), broken)).toBe(false));
});
