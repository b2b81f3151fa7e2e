import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CandidateSource, SubjectClaims, SignatureClaim } from '../../src/core/facts/claim.ts';
import {
  everything,
  openClaimEvidence,
  signatureBy,
  type ClaimEvidence,
} from '../fakes/evidence/claim-evidence.ts';
import type { Fault } from '../fakes/registry/registry-fault.ts';
import {
  image,
  index,
  mediaTypes,
  rawManifest,
  type FakeManifest,
} from '../fakes/registry/registry-content.ts';
import {
  endlessPages,
  flipping,
  gzipBomb,
  redirect,
  status,
  withBody,
} from '../fakes/registry/registry-faults.ts';
import {
  dripping,
  flooding,
  garbage,
  reset,
  silence,
  truncated,
} from '../fakes/registry/registry-wire-faults.ts';
import { startFakeRegistry, type FakeRegistry } from '../fakes/registry/registry.ts';
import {
  bundleSignature,
  candidateOf,
  junk,
  simpleSignature,
  tagFor,
} from '../fakes/signature/signed-candidates.ts';
import { bundleMediaType, ecKey } from '../fakes/signature/signed-layers.ts';

const repository = 'shop/web';
const web = image({ user: '1000' });
const key = ecKey();
const stranger = ecKey();
const fallbackTag = web.digest.replace(':', '-');
const tag = simpleSignature(web, key.sign);
const bundle = bundleSignature(web, key.sign);
const payload = bundle.blobs[1]?.digest ?? '';

let registry: FakeRegistry;
let gate: ClaimEvidence;
const start = async (): Promise<void> => {
  registry = await startFakeRegistry();
  registry.push(repository, web);
  gate = openClaimEvidence();
};
const stop = async (): Promise<void> => {
  await gate.close();
  await registry.close();
};
beforeEach(start);
afterEach(stop);

const ask = async (
  demands: 'all' | 'one' = 'one',
  milliseconds = 3000,
): Promise<SubjectClaims<SignatureClaim>> => {
  const needs = signatureBy(key.spki, demands === 'all' ? { demands: [everything] } : {});
  const text = `${registry.host}/${repository}@${web.digest}`;
  const { signature } = await gate.ask(text, needs, { milliseconds });
  if (signature.state !== 'known') throw new Error(`not known: ${JSON.stringify(signature)}`);
  return signature.value.named;
};

describe('a registry that lies about a signature', () => {
  const other = bundleSignature(web, stranger.sign);
  const manyLayers = rawManifest(
    {
      ...(JSON.parse(bundle.bytes.toString()) as object),
      layers: Array.from({ length: 10_000 }, () => ({
        mediaType: bundleMediaType,
        digest: payload,
        size: 10,
      })),
    },
    mediaTypes.ociManifest,
  );
  const wrongSize = rawManifest(
    bundle.bytes.toString().replace(/"size":(\d+)(?=\}\]|,"annotations")/, '"size":7'),
    mediaTypes.ociManifest,
    { blobs: bundle.blobs },
  );
  const at = (path: string | RegExp, fault: Fault) => () => {
    registry.push(repository, bundle);
    registry.fault({ path }, fault);
  };
  const listed =
    (...descriptors: readonly object[]) =>
    () => {
      registry.push(repository, bundle);
      const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: descriptors };
      registry.fault({ path: '/referrers/' }, ({ send }) =>
        send({
          status: 200,
          headers: { 'content-type': mediaTypes.ociIndex },
          body: Buffer.from(JSON.stringify(list)),
        }),
      );
    };
  const cases: readonly (readonly [string, () => void])[] = [
    [
      'CVE-2022-47633, CVE-2023-47630: another manifest each time',
      at(`/manifests/${bundle.digest}`, flipping(other, web)),
    ],
    [
      'CVE-2023-33959: another manifest than it names',
      at(`/manifests/${bundle.digest}`, withBody(other.bytes)),
    ],
    [
      'another payload than the manifest names',
      at(`/blobs/${payload}`, withBody(other.blobs[1]?.bytes ?? '')),
    ],
    ['a payload that is packed a thousand times', at(`/blobs/${payload}`, gzipBomb(64 * 1024 * 1024))],
    ['CVE-2024-29902: a payload without an end', at(`/blobs/${payload}`, flooding().fault)],
    ['a payload that breaks off', at(`/blobs/${payload}`, truncated(20))],
    ['a payload that comes a byte a second', at(`/blobs/${payload}`, dripping(1, 1000))],
    ['a payload that never comes', at(`/blobs/${payload}`, silence())],
    [
      'a payload in the metadata service (B26)',
      at(`/blobs/${payload}`, redirect('http://169.254.169.254/latest')),
    ],
    ['no HTTP where the payload is', at(`/blobs/${payload}`, garbage())],
    ['a connection that breaks', at(`/blobs/${payload}`, reset())],
    ['a manifest without an end', at(`/manifests/${bundle.digest}`, flooding().fault)],
    ['CVE-2023-46737: a list without an end', at('/referrers/', flooding().fault)],
    ['no JSON as a list', at('/referrers/', withBody('<html>'))],
    ['CVE-2024-29903: 10,000 layers', () => void registry.push(repository, manyLayers)],
    ['a layer of another size', () => void registry.push(repository, wrongSize)],
    ['a manifest that is not there', listed({ ...bundle.descriptor, digest: `sha256:${'0'.repeat(64)}` })],
    ['the image itself as its signature', listed(web.descriptor)],
    ['an index as a signature', listed(index([bundle]).descriptor)],
  ];

  test.each(cases)(
    '%s: no claim, no excuse, and the good signature beside it counts',
    async (_title, play) => {
      play();
      const alone = await ask('one', 1500).catch((error: unknown) => error as Error);
      // The deadline may end the whole look: that is no claim either.
      expect(alone instanceof Error ? [] : alone.claims).toEqual([]);
      expect(alone instanceof Error ? alone.message : JSON.stringify(alone)).not.toContain(
        '"excusable":true',
      );
      await gate.close();
      gate = openClaimEvidence();
      registry.push(repository, tag, tagFor(web, 'sig'));
      expect((await ask()).claims).toMatchObject([{ candidate: tag.digest }]);
    },
  );

  test('what was too large once is read again: it may have been so for one review alone', async () => {
    registry.push(repository, bundle);
    const disarm = registry.fault({ path: `/manifests/${bundle.digest}` }, flooding().fault);
    expect((await ask()).rejected).toMatchObject([{ fault: 'limit' }]);
    disarm();
    expect((await ask()).claims).toHaveLength(1);
  });

  test('R25: a payload that never comes is no silent registry, though its list is known already', async () => {
    registry.push(repository, bundle);
    const disarm = registry.fault({ path: '/blobs/' }, status(500));
    await ask();
    disarm();
    registry.fault({ path: '/blobs/' }, silence());
    const found = await ask('one', 2500);
    expect(found.sources.map(({ state }) => state)).toContain('unavailable');
    expect(JSON.stringify(found)).not.toContain('excusable');
  });

  test('B9: so much that a review could read nothing else: what is too much is left, and looked at another time', async () => {
    await gate.close();
    gate = openClaimEvidence({ limits: { candidateBytes: 20_000 } });
    const large = (n: number) => ({ annotations: { n: `${n}`.padEnd(6000) } });
    for (let n = 0; n < 5; n++) registry.push(repository, bundleSignature(web, stranger.sign, large(n)));
    const found = await ask('all');
    expect(found).toMatchObject({ left: 3, rejected: [{ fault: 'untrusted' }, { fault: 'untrusted' }] });
    expect((await ask('all')).left).toBe(1);
    registry.push(repository, tag, tagFor(web, 'sig'));
    gate.evidence.pushedTo?.({ host: registry.host, repository });
    expect((await ask()).claims).toHaveLength(1);
  });

  test('pages without an end hold what they hold, and more is left', async () => {
    registry.push(repository, bundle);
    registry.fault({ path: '/referrers/' }, endlessPages());
    expect(await ask()).toMatchObject({ claims: [{ candidate: bundle.digest }], left: 1 });
  });

  test('a signature with 100 layers: the last 64 are read, and the others are left', async () => {
    const many = Array.from({ length: 99 }, () => stranger.sign);
    registry.push(repository, simpleSignature(web, ...many, key.sign), tagFor(web, 'sig'));
    const found = await ask();
    expect([found.claims.length, found.left, found.rejected.length]).toEqual([1, 36, 63]);
  });
});

/** What may stand beside an image, by the numbers of its kind. */
const things = {
  good: (n: number) => bundleSignature(web, key.sign, { annotations: { n: String(n) } }),
  foreign: (n: number) => bundleSignature(web, stranger.sign, { annotations: { n: String(n) } }),
  attestation: (n: number) =>
    bundleSignature(web, key.sign, {
      predicateType: 'https://slsa.dev/provenance/v1',
      annotations: { n: String(n) },
    }),
  junk: (n: number) => junk(web, n),
  claimed: (n: number) => junk(web, n, bundleMediaType),
  misplaced: (n: number) => bundleSignature(image({ user: String(n) }), key.sign),
  legacy: (n: number) => candidateOf([], { subject: web, annotations: { n: String(n) } }),
} as const satisfies Readonly<Record<string, (n: number) => FakeManifest>>;
type Thing = keyof typeof things;
/** The same each time it is asked for: a signature is another one each time it is made. */
const made = new Map<string, FakeManifest>();
const thingOf = (kind: Thing, n: number): FakeManifest => {
  const name = `${kind} ${n}`;
  const one = made.get(name) ?? things[kind](n);
  made.set(name, one);
  return one;
};

interface Stand {
  readonly api: readonly Thing[];
  readonly tagged: readonly Thing[];
  readonly sig: boolean;
}
const thing = fc.constantFrom(...(Object.keys(things) as Thing[]));
const stand: fc.Arbitrary<Stand> = fc.record({
  api: fc.array(thing, { maxLength: 6 }),
  tagged: fc.array(thing, { maxLength: 6 }),
  sig: fc.boolean(),
});
const paths = {
  'signature-tag': '.sig',
  referrers: '/referrers/',
  'referrers-tag': /manifests\/sha256-[0-9a-f]{64}$/,
} as const;
type Source = keyof typeof paths;

/** Pushes a stand into a new registry, where these sources fail, and asks. */
const askFresh = async (
  { api, tagged, sig }: Stand,
  lost: readonly Source[],
  demands: 'all' | 'one',
): Promise<SubjectClaims<SignatureClaim>> => {
  await stop();
  await start();
  // The first fault that fits is played.
  for (const source of lost) registry.fault({ path: paths[source] }, status(500));
  for (const [n, one] of api.entries()) registry.push(repository, thingOf(one, n));
  const listed = tagged.map((one, n) => thingOf(one, 100 + n));
  // Under the tag alone: with their subject the API would list them too.
  registry.push(repository, index(listed), fallbackTag);
  registry.fault({ path: '/referrers/' }, ({ truth, send }) => {
    const answer = truth();
    const list = JSON.parse(answer.body.toString()) as { manifests: { digest: string }[] };
    const manifests = list.manifests.filter(({ digest }) => !listed.some((one) => one.digest === digest));
    send({ ...answer, body: Buffer.from(JSON.stringify({ ...list, manifests })) });
  });
  if (sig) registry.push(repository, tag, tagFor(web, 'sig'));
  return ask(demands);
};
const digestsOf = ({ claims }: SubjectClaims<SignatureClaim>): ReadonlySet<string> =>
  new Set(claims.map(({ candidate }) => candidate));

describe('S2, whatever stands beside an image', () => {
  test('losing a source never adds a claim, and takes none that another source names', async () => {
    await fc.assert(
      fc.asyncProperty(stand, fc.subarray(Object.keys(paths) as Source[]), async (stand, lost) => {
        const all = await askFresh(stand, [], 'all');
        const some = digestsOf(await askFresh(stand, lost, 'all'));
        const isLost = (source: CandidateSource): boolean => (lost as readonly string[]).includes(source);
        const want = all.claims.filter(({ sources }) => !sources.every(isLost));
        expect(some).toEqual(new Set(want.map(({ candidate }) => candidate)));
      }),
      { numRuns: 25 },
    );
  });

  test('one more candidate never takes a claim away', async () => {
    await fc.assert(
      fc.asyncProperty(stand, stand, async (stand, more) => {
        const before = digestsOf(await askFresh(stand, [], 'all'));
        const grown: Stand = {
          api: [...stand.api, ...more.api],
          tagged: [...stand.tagged, ...more.tagged],
          sig: stand.sig || more.sig,
        };
        const after = digestsOf(await askFresh(grown, [], 'all'));
        for (const candidate of before) expect(after).toContain(candidate);
        if (before.size > 0) expect((await askFresh(grown, [], 'one')).claims.length).toBeGreaterThan(0);
      }),
      { numRuns: 25 },
    );
  });
});
