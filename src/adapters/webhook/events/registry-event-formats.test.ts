import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../core/text/json/json.ts';
import { formatReference } from '../../../core/image/reference.ts';
import type { RegistryEventFormat } from '../../../gate/prefetch/registry-events.ts';
import { readPushes } from './registry-event-formats.ts';

const captured = new URL('../../../../test/fixtures/registry-events/distribution-2.8.json', import.meta.url);
const hosts = ['registry.example.com', 'registry.example.com:5000'];
const digest = `sha256:${'a'.repeat(64)}`;
const manifest = 'application/vnd.oci.image.manifest.v1+json';

interface Told {
  readonly images?: readonly string[];
  readonly ignored?: number;
  readonly foreign?: number;
  readonly error?: string;
}
const reported = (format: RegistryEventFormat, body: unknown, headers = {}, known = hosts): Told => {
  const read = readPushes({ format, hosts: known }, headers, body as JsonValue);
  if (!read.ok) return { error: read.error.kind };
  const { images, ignored, foreign } = read.value;
  return { images: images.map(formatReference), ignored, foreign };
};
const times = <T>(count: number, item: T): readonly T[] => Array.from({ length: count }, () => item);
const nothing = { images: [], ignored: 1, foreign: 0 };
const one = { images: [`registry.example.com/shop/web@${digest}`], ignored: 0, foreign: 0 };

/** As docker-registry 2.8 sends it. */
const event = (more: { action?: string; target?: object; request?: object } = {}) => ({
  id: 'a53a2e0f',
  timestamp: '2026-11-21T00:00:00Z',
  action: more.action ?? 'push',
  target: {
    mediaType: manifest,
    digest,
    size: 708,
    length: 708,
    repository: 'shop/web',
    url: `https://elsewhere.example.com/v2/shop/web/manifests/${digest}`,
    tag: '1.27',
    ...more.target,
  },
  request: { id: 'b', addr: '10.0.0.1:4711', host: 'registry.example.com', method: 'PUT', ...more.request },
  actor: {},
  source: { addr: 'registry-0:5000', instanceID: 'c' },
});

describe('notifications of the registry "distribution"', () => {
  test.each<[string, unknown, object]>([
    ['a push is read by its digest', { events: [event()] }, one],
    [
      'a push of an index is read',
      { events: [event({ target: { mediaType: 'application/vnd.oci.image.index.v1+json' } })] },
      one,
    ],
    [
      'a push without a digest is read by its tag',
      { events: [event({ target: { digest: undefined } })] },
      { ...one, images: ['registry.example.com/shop/web:1.27'] },
    ],
    [
      'a port belongs to the host',
      { events: [event({ request: { host: 'registry.example.com:5000' } })] },
      { ...one, images: [`registry.example.com:5000/shop/web@${digest}`] },
    ],
    [
      'the host is compared in lower case',
      { events: [event({ request: { host: 'REGISTRY.Example.com' } })] },
      one,
    ],
    [
      'several events count one by one',
      { events: [event(), event({ action: 'pull' })] },
      { ...one, ignored: 1 },
    ],
    ['no events are no mistake', { events: [] }, { ...one, images: [] }],
    ['a pull is left aside', { events: [event({ action: 'pull' })] }, nothing],
    [
      'a layer is left aside',
      { events: [event({ target: { mediaType: 'application/octet-stream' } })] },
      nothing,
    ],
    [
      'an event without a type is left aside',
      { events: [event({ target: { mediaType: undefined } })] },
      nothing,
    ],
    ['an empty event is left aside', { events: [{}] }, nothing],
    ['an event that is no object is malformed', { events: ['push'] }, { error: 'malformed' }],
    ['events that are no list are malformed', { events: {} }, { error: 'malformed' }],
    ['a body without events is malformed', {}, { error: 'malformed' }],
    ['a body that is no object is malformed', [event()], { error: 'malformed' }],
    ['64 events are taken', { events: times(64, event({ action: 'pull' })) }, { ...nothing, ignored: 64 }],
    ['65 events are too many', { events: times(65, event()) }, { error: 'too-many' }],
  ])('%s', (_title, body, expected) => expect(reported('distribution', body)).toEqual(expected));
});

describe('what speaks for an image', () => {
  const bundle = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const hex = 'a'.repeat(64);
  const attachedIn = (format: RegistryEventFormat, body: unknown): readonly [number, number] => {
    const read = readPushes({ format, hosts }, {}, body as JsonValue);
    if (!read.ok) throw new Error(read.error.message);
    return [read.value.images.length, read.value.attached.length];
  };
  test.each([
    ['a signature of cosign 2', { tag: `sha256-${hex}.sig` }, [0, 1]],
    ['an attestation of cosign 2', { tag: `sha256-${hex}.att` }, [0, 1]],
    ['the fallback tag', { tag: `sha256-${hex}` }, [0, 1]],
    ['a bundle, by its contents', { tag: undefined, references: [{ mediaType: bundle }] }, [0, 1]],
    ['a tag of an image that looks alike', { tag: `sha256-${hex}-x` }, [1, 0]],
    ['references that are none', { references: 'x' }, [1, 0]],
  ] as const)('%s', (_title, target, want) => {
    expect(attachedIn('distribution', { events: [event({ target })] })).toEqual(want);
  });
});

test('what a real docker-registry sends of one push: a layer, and its manifest by digest and by tag', () => {
  const bodies = JSON.parse(readFileSync(captured, 'utf8')) as readonly unknown[];
  const digest = 'sha256:b37b7208b2f7367679c421a5db94b25d651039a216eddb2fbf33f885f7da9836';
  const pushed = { images: [`127.0.0.1:46805/team/web@${digest}`], ignored: 0, foreign: 0 };
  const own = ['127.0.0.1:46805'];
  expect(bodies.map((body) => reported('distribution', body, {}, own))).toEqual([nothing, pushed, pushed]);
});

describe('B26: a payload never names where the gate connects', () => {
  test.each<[string, object, object]>([
    ['another host', { host: 'evil.io' }, {}],
    ['a metadata address', { host: '169.254.169.254' }, {}],
    ['loopback', { host: '127.0.0.1:8080' }, {}],
    ['a port that is not configured', { host: 'registry.example.com:6379' }, {}],
    ['a longer host', { host: 'registry.example.com.evil.io' }, {}],
    ['another host before it', { host: 'evil.io/registry.example.com' }, {}],
    ['a host as user', { host: 'registry.example.com@evil.io' }, {}],
    ['a URL', { host: 'https://evil.io/registry.example.com' }, {}],
    ['a path in the host', { host: 'registry.example.com/a' }, { repository: '../../evil.io/x' }],
    ['no host, and one in the repository', { host: '' }, { repository: 'evil.io/x' }],
    ['a host of another type', { host: ['registry.example.com'] }, {}],
    ['a host of many megabytes', { host: 'a.'.repeat(1_000_000) }, {}],
    ['a repository that climbs', {}, { repository: '../x' }],
    ['a repository with a tag of its own', {}, { repository: 'shop/web:x' }],
    ['a repository with a digest of its own', {}, { repository: `shop/web@sha256:${'b'.repeat(64)}` }],
    ['a digest that is none', {}, { digest: 'sha256:../../etc' }],
    ['a tag that is none', {}, { digest: '', tag: '../../x' }],
    ['neither tag nor digest', {}, { digest: '', tag: '' }],
  ])('%s', (_title, request, target) => {
    expect(reported('distribution', { events: [event({ request, target })] })).toMatchObject({ images: [] });
  });

  test('whatever a registry sends, every image lies at a configured host', () => {
    const odd = fc.oneof(
      fc.constantFrom(...hosts, 'evil.io', '', 'shop/web', digest, 'x:1', 'x@y/z'),
      fc.string(),
    );
    const body = fc.record({
      events: fc.array(
        fc.record({
          action: fc.constant('push'),
          target: fc.record({ mediaType: fc.constant(manifest), repository: odd, tag: odd, digest: odd }),
          request: fc.record({ host: odd }),
        }),
        { maxLength: 4 },
      ),
    });
    fc.assert(
      fc.property(body, (sent) => {
        const read = readPushes({ format: 'distribution', hosts }, {}, sent);
        if (read.ok) for (const { host } of read.value.images) expect(hosts).toContain(host);
      }),
      { numRuns: 500 },
    );
  });

  test('no JSON makes the reader throw', () => {
    const format = fc.constantFrom<RegistryEventFormat>('distribution', 'harbor', 'cloudevents');
    fc.assert(
      fc.property(format, fc.jsonValue(), (which, body) => {
        readPushes({ format: which, hosts }, { 'ce-type': 'x', 'ce-specversion': '1.0' }, body);
        readPushes({ format: which, hosts }, {}, body);
      }),
      { numRuns: 500 },
    );
  });
});

const resource = {
  digest,
  tag: '1.27',
  resource_url: 'registry.example.com/shop/web:1.27',
};
const harbor = (more: object = {}, resources: unknown = [resource]) => ({
  type: 'PUSH_ARTIFACT',
  occur_at: 1680501893,
  operator: 'robot$ci',
  event_data: { resources, repository: { name: 'web', namespace: 'shop', repo_full_name: 'shop/web' } },
  ...more,
});
const cloudEvent = (more: object = {}) => ({
  specversion: '1.0',
  id: '66e18103',
  source: '/projects/2/webhook/policies/15',
  type: 'harbor.artifact.pushed',
  datacontenttype: 'application/json',
  data: { resources: [resource], repository: { repo_full_name: 'shop/web' } },
  operator: 'robot$ci',
  ...more,
});

describe('webhooks of Harbor', () => {
  test.each<[string, unknown, object]>([
    ['a push is read by its digest', harbor(), one],
    [
      'an artifact without a tag is named by digest twice',
      harbor({}, [{ digest, tag: digest, resource_url: `registry.example.com/shop/web@${digest}` }]),
      one,
    ],
    [
      'a resource without a digest is read by its tag',
      harbor({}, [{ resource_url: 'registry.example.com/shop/web:1.27' }]),
      { ...one, images: ['registry.example.com/shop/web:1.27'] },
    ],
    ['the payload format CloudEvents is read as well', cloudEvent(), one],
    ['a pull is left aside', harbor({ type: 'PULL_ARTIFACT' }), nothing],
    ['a resource without a URL is left aside', harbor({}, [{ digest }]), nothing],
    ['a short name has no host', harbor({}, [{ digest, resource_url: 'shop/web:1' }]), nothing],
    [
      'a resource of another host is foreign (B26)',
      harbor({}, [{ digest, resource_url: 'evil.io/shop/web:1' }]),
      { images: [], ignored: 0, foreign: 1 },
    ],
    ['no type is malformed', harbor({ type: undefined }), { error: 'malformed' }],
    ['resources that are no list are malformed', harbor({}, resource), { error: 'malformed' }],
    ['65 resources are too many', harbor({}, times(65, resource)), { error: 'too-many' }],
  ])('%s', (_title, body, expected) => expect(reported('harbor', body)).toEqual(expected));
});

const structured = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
const batched = { 'content-type': 'application/cloudevents-batch+json' };
const binary = (type: string) => ({
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': '1',
  'ce-source': 'zotregistry.dev',
  'ce-type': type,
});
const zot = { name: 'shop/web', reference: '1.27', digest, mediaType: manifest, manifest: '{}' };
const push = 'com.example.push';

describe('CloudEvents', () => {
  test.each<[string, unknown, object, object]>([
    ['structured', cloudEvent(), structured, one],
    [
      'structured, whatever the type of the body says',
      cloudEvent(),
      { 'content-type': 'application/json' },
      one,
    ],
    ['in a batch', [cloudEvent(), cloudEvent({ data: {}, type: push })], batched, { ...one, ignored: 1 }],
    ['binary', { resources: [resource] }, binary('harbor.artifact.pushed'), one],
    ['with what distribution sends as data', { events: [event()] }, binary(push), one],
    ['with one event of distribution as data', cloudEvent({ type: push, data: event() }), structured, one],
    ['about something else', cloudEvent({ type: push, data: {} }), structured, nothing],
    ['of another version', cloudEvent({ specversion: '0.3' }), structured, { error: 'malformed' }],
    ['binary, of another version', {}, { ...binary(push), 'ce-specversion': '0.3' }, { error: 'malformed' }],
    ['binary, without a version', {}, { 'ce-type': push }, { error: 'malformed' }],
    ['without a type', cloudEvent({ type: undefined }), structured, { error: 'malformed' }],
    ['with data that is no object', cloudEvent({ data: 'x' }), structured, { error: 'malformed' }],
    ['that is no object', [], structured, { error: 'malformed' }],
    ['in a batch that is none', cloudEvent(), batched, { error: 'malformed' }],
    ['in a batch of 65', times(65, cloudEvent()), batched, { error: 'too-many' }],
    [
      'in a batch of few that hold many',
      times(2, cloudEvent({ data: { resources: times(33, resource) } })),
      batched,
      { error: 'too-many' },
    ],
  ])('%s', (_title, body, headers, expected) =>
    expect(reported('cloudevents', body, headers)).toEqual(expected),
  );

  test('zot names no host, so only a source with one host can mean it', () => {
    const headers = binary('zotregistry.image.updated');
    expect(reported('cloudevents', zot, headers, ['registry.example.com'])).toEqual(one);
    expect(reported('cloudevents', zot, headers)).toEqual(nothing);
    const byDigest = { ...zot, reference: digest, digest: '' };
    expect(reported('cloudevents', byDigest, headers, ['registry.example.com'])).toEqual(nothing);
  });
});
