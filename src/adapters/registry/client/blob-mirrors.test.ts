import { describe, expect, test } from 'vitest';
import {
  blobRequests,
  bytes,
  reading,
  serving,
  size,
  stream,
} from '../../../../test/fakes/registry/blob-stage.ts';
import type { Fault } from '../../../../test/fakes/registry/registry-fault.ts';
import { status, withBody } from '../../../../test/fakes/registry/registry-faults.ts';
import { failureIn, valueOf } from '../../../../test/fakes/registry/registry-reading.ts';
import { flooding } from '../../../../test/fakes/registry/registry-wire-faults.ts';
import type { FakeRegistry } from '../../../../test/fakes/registry/registry.ts';

describe('a mirror whose bytes are wrong: the host itself is asked, and the blob begins anew', () => {
  const wrong = Buffer.concat([Buffer.alloc(1000, 'x'), bytes.subarray(1000)]);
  const behindMirror = async (fault: Fault) => {
    const mirror = await serving({ address: '127.0.0.3' });
    const server = await serving();
    mirror.fault({ path: '/blobs/' }, fault);
    const reader = reading({ host: server.host, mirrors: [mirror.host] });
    return { mirror, server, reader };
  };
  const rangesAt = (server: FakeRegistry) => blobRequests(server).map(({ headers }) => headers.range);

  test.each<readonly [string, Fault]>([
    ['B1: others of the same length', withBody(wrong)],
    ['B9: fewer, unannounced', ({ response }) => void response.writeHead(200).end(bytes.subarray(1))],
    ['B9: more, unannounced', flooding().fault],
  ])('%s', async (_title, fault) => {
    const { mirror, server, reader } = await behindMirror(fault);
    const { found, counting } = await stream({ host: server.host, reader });
    expect(valueOf(found)).toBe('whole');
    expect(counting.equals(bytes)).toBe(true);
    expect([rangesAt(mirror), rangesAt(server)]).toEqual([[undefined], [undefined]]);
  });

  test('B1: others, and then it breaks off', async () => {
    const { server, reader } = await behindMirror(({ response }) => {
      response.writeHead(200, { 'content-length': String(size) });
      response.write(wrong.subarray(0, 400_000), () => response.socket?.end());
    });
    const { found, counting } = await stream({ host: server.host, reader });
    expect(valueOf(found)).toBe('whole');
    expect(counting.equals(bytes)).toBe(true);
    expect(rangesAt(server)).toEqual(['bytes=400000-', undefined]);
  });

  test('B1: of which no more is wanted', async () => {
    const { mirror, server, reader } = await behindMirror(withBody(wrong));
    // One letter may begin any chunk of the right bytes.
    const begins = wrong.subarray(0, 100);
    const take = (chunk: Uint8Array): Promise<boolean> =>
      Promise.resolve(!begins.equals(chunk.subarray(0, begins.length)));
    const { found, counting } = await stream({ host: server.host, reader, take });
    expect(valueOf(found)).toBe('whole');
    expect(counting.equals(bytes)).toBe(true);
    expect([blobRequests(mirror).length, blobRequests(server).length]).toEqual([1, 1]);
  });

  test('the right bytes of which no more is wanted are not asked for again', async () => {
    const { server, reader } = await behindMirror(({ send, truth }) => send(truth()));
    let taken = 0;
    const take = (chunk: Uint8Array): Promise<boolean> => {
      taken += chunk.length;
      return Promise.resolve(false);
    };
    expect(valueOf((await stream({ host: server.host, reader, take })).found)).toBe('stopped');
    expect(taken).toBeLessThan(size);
    expect(blobRequests(server)).toEqual([]);
  });

  test('B1: and those of the host too: nobody can read it, and both are named', async () => {
    const { mirror, server, reader } = await behindMirror(withBody(wrong));
    server.fault({ path: '/blobs/' }, withBody(wrong));
    const failure = failureIn((await stream({ host: server.host, reader })).found);
    expect(failure).toMatchObject({ kind: 'invalid', host: server.host, unreadable: true });
    expect(failure.why).toContain(`mirrors asked before: ${mirror.host}: invalid`);
  });

  test('R25: while the host does not answer, nothing is said of the image', async () => {
    const { mirror, server, reader } = await behindMirror(withBody(wrong));
    server.fault({ path: '/blobs/' }, status(503));
    const failure = failureIn((await stream({ host: server.host, reader })).found);
    expect(failure).toMatchObject({ kind: 'unreachable', host: server.host });
    expect(failure.unreadable).toBeUndefined();
    expect(failure.why).toContain(`mirrors asked before: ${mirror.host}: invalid`);
  });
});
