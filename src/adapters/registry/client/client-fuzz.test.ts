import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { image, index, mediaTypes } from '../../../../test/fakes/registry/registry-content.ts';
import {
  allReferrers,
  basicCredential,
  budgetOf,
  openReading,
  type Reading,
} from '../../../../test/fakes/registry/registry-reading.ts';
import { type FakeRegistry, startFakeRegistry } from '../../../../test/fakes/registry/registry.ts';
import type { RegistryAnswer } from '../../../evidence/ports.ts';

const repository = 'team/app';
const web = image();
const secret = 'never-to-be-shown';
const credential = basicCredential('ann', secret);

let server: FakeRegistry;
let reading: Reading;
beforeAll(async () => {
  server = await startFakeRegistry();
  // A breaker that opens would answer in place of the registry: one row, no failures of the connection are played.
  reading = openReading();
});
afterAll(async () => {
  await reading.close();
  await server.close();
});

const header = fc.stringMatching(/^[\x20-\x7e]{0,40}$/);
const headers = fc.record(
  {
    'content-type': fc.oneof(
      fc.constantFrom(mediaTypes.ociManifest, mediaTypes.ociIndex, 'text/html'),
      header,
    ),
    'docker-content-digest': fc.oneof(fc.constant(web.digest), header),
    'content-encoding': fc.constantFrom('gzip', 'identity', 'br'),
    link: fc.oneof(header, fc.constantFrom('<?page=2>; rel="next"', '<http://127.0.0.2:1/>; rel=next', '<')),
    'www-authenticate': fc.oneof(
      header,
      fc.constantFrom(
        'Basic realm="x"',
        'Bearer realm="https://127.0.0.1:1/"',
        'Bearer realm="http://["',
        'Bearer realm="ftp://x"',
      ),
    ),
  },
  { requiredKeys: [] },
);
const body = fc.oneof(
  fc.constantFrom(
    web.bytes,
    index([web]).bytes,
    Buffer.from('{"tags":["a"]}'),
    Buffer.from('{"errors":[{"code":"\\u001b"}]}'),
  ),
  fc.json({ maxDepth: 3 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);
const status = fc.constantFrom(200, 200, 200, 201, 206, 304, 400, 401, 403, 404, 405, 410, 418, 451, 500);

describe('whatever a registry answers', () => {
  test('it is one of three states; nothing is thrown, no secret and no control character is shown', async () => {
    const at = { host: server.host, repository };
    const descriptor = { digest: web.digest, size: web.bytes.length };
    const { registry } = reading;
    await fc.assert(
      fc.asyncProperty(status, headers, body, async (code, sent, bytes) => {
        const disarm = server.fault({}, ({ send }) => send({ status: code, headers: sent, body: bytes }));
        const answers: readonly RegistryAnswer<unknown>[] = await Promise.all([
          registry.head(at, { tag: 'v1' }, credential, budgetOf()),
          registry.manifest(at, { tag: 'v1' }, credential, budgetOf()),
          registry.manifest(at, { digest: web.digest }, credential, budgetOf()),
          registry.blob(at, descriptor, 1024, credential, budgetOf()),
          allReferrers(registry, { ...at, digest: web.digest }, credential, budgetOf()),
          registry.ping(server.host, credential, budgetOf()),
        ]);
        disarm();
        for (const answer of answers) {
          expect(['known', 'absent', 'unavailable']).toContain(answer.state);
          const text = JSON.stringify(answer.state === 'unavailable' ? answer.why : {});
          expect(text).not.toMatch(/\\u00[01]|never-to-be-shown/);
        }
        const [, , byDigest, blob] = answers;
        for (const answer of [byDigest, blob]) {
          if (answer?.state === 'known')
            expect(answer.value).toMatchObject({ digest: web.digest, bytes: new Uint8Array(web.bytes) });
        }
      }),
      { numRuns: 150 },
    );
  });
});
