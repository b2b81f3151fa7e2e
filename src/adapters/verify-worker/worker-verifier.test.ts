import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Digest } from '../../core/image/digest.ts';
import {
  ecKey,
  simpleSigningLayer,
  verification as verificationOf,
} from '../../../test/fakes/signature/signed-layers.ts';
import type { Verification } from '../../evidence/verify/verification.ts';
import { createWorkerVerifier, type WorkerVerifier, type WorkerVerifierOptions } from './worker-verifier.ts';

const scratch = mkdtempSync(join(tmpdir(), 'imagegate-verify-worker-'));
const source = new URL('../../serve/verify-worker.ts', import.meta.url);
const bundle = pathToFileURL(join(scratch, 'verify-worker.js'));
/** A program that does as the media type of the first layer says. */
const playing = pathToFileURL(join(scratch, 'playing.mjs'));
const verifiers: WorkerVerifier[] = [];
const open = (options: Partial<WorkerVerifierOptions> = {}): WorkerVerifier => {
  const verifier = createWorkerVerifier({ program: playing, ...options });
  verifiers.push(verifier);
  return verifier;
};
const never = new AbortController().signal;

beforeAll(async () => {
  writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    playing,
    `import { parentPort } from 'node:worker_threads';
     const verified = { claims: [], rejected: [] };
     const begin = () => parentPort.postMessage({ begun: process.threadCpuUsage() });
     const parts = {
       verify: () => parentPort.postMessage({ result: verified }),
       hang: () => { for (;;); },
       fail: () => parentPort.postMessage({ failed: 'a defect' }),
       die: () => process.exit(1),
       eat: () => { const held = []; for (;;) held.push(new Array(1e5).fill(held.length)); },
       wait: () => setTimeout(parts.verify, 300),
       'stand still': () => (Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600), parts.verify()),
       load: () => setTimeout(() => (begin(), parts.verify()), 300),
       'fail to load': () => parts.fail(),
       'verify and die later': () => (parts.verify(), setTimeout(() => process.exit(1), 10)),
     };
     parentPort.on('message', ({ layers: [layer] }) => {
       if (!layer.mediaType.endsWith('load')) begin();
       parts[layer.mediaType]();
     });`,
  );
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile: fileURLToPath(bundle),
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
});
afterEach(async () => {
  await Promise.all(verifiers.splice(0).map((verifier) => verifier.close()));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** The namespace that waits for it. */
const by = (namespace: string) => () => [namespace];

const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}` as Digest;
const play = (what: string, candidate = digest('1')): Verification =>
  verificationOf(
    [
      {
        form: 'bundle',
        mediaType: what,
        annotations: {},
        bytes: new Uint8Array([1]),
      },
    ],
    {
      candidate,
    },
  );
const verified = { claims: [], rejected: [] };
const slow = (why: string) => ({
  claims: [],
  rejected: [{ fault: 'slow', why: expect.stringContaining(why), checks: [] }],
});

describe('a thread verifies a candidate', () => {
  test.each([
    ['from source', source],
    ['as the build makes it', bundle],
  ])('%s', async (_how, program) => {
    const key = ecKey();
    const honest = verificationOf([simpleSigningLayer(key.sign)], { keys: [key.spki] });
    const result = await open({ program }).verify(honest, by('shop'), never);
    expect(result.rejected).toEqual([]);
    expect(result.claims).toMatchObject([{ says: 'signed', signer: { spki: key.spki } }]);
  });

  test('a candidate that hangs is slow, and the next one finds a thread', async () => {
    let timeouts = 0;
    const verifier = open({ threads: 1, onTimeout: () => timeouts++ });
    const hanging = verifier.verify(play('hang'), by('evil'), never);
    const honest = verifier.verify(play('verify', digest('2')), by('good'), never);
    expect(verifier.busy()).toBe(1);
    expect(await hanging).toEqual(slow('not verified in its time'));
    expect(await honest).toEqual(verified);
    expect(timeouts).toBe(1);
    expect(verifier.busy()).toBe(0);
  });

  test('a thread that gets no CPU takes none of the time of its candidate, and blames none', async () => {
    let timeouts = 0;
    const verifier = open({ threads: 1, times: { small: 200, large: 200 }, onTimeout: () => timeouts++ });
    expect(await verifier.verify(play('stand still'), by('shop'), never)).toEqual(verified);
    expect(await verifier.verify(play('verify'), by('shop'), never)).toEqual(verified);
    expect(timeouts).toBe(0);
  });

  test('a result that waits for the event loop is no late one', async () => {
    const verifier = open({ threads: 1, times: { small: 600, large: 600 } });
    await verifier.verify(play('verify', digest('2')), by('shop'), never);
    const waiting = verifier.verify(play('wait'), by('shop'), never);
    // The result comes while the loop is held, and so does the end of its time, which is looked at first.
    setTimeout(() => {
      for (const until = performance.now() + 1000; performance.now() < until;);
    }, 200);
    expect(await waiting).toEqual(verified);
  });

  test('G11: what a signature costs is spent in its thread, not in the one that answers reviews', async () => {
    const verifier = open({ threads: 1, times: { small: 1500, large: 1500 } });
    await verifier.verify(play('verify', digest('2')), by('good'), never);
    const [began, cpu] = [performance.now(), process.threadCpuUsage()];
    expect(await verifier.verify(play('hang'), by('evil'), never)).toEqual(slow('not verified in its time'));
    const { user, system } = process.threadCpuUsage(cpu);
    expect(performance.now() - began).toBeGreaterThan(1000);
    expect((user + system) / 1000).toBeLessThan(500);
  });

  test.each([
    ['a defect', 'fail', 'a defect'],
    ['a thread that ends', 'die', 'the thread ended'],
    ['more memory than a thread has', 'eat', 'memory limit'],
  ])('%s is a rejected candidate, never an exception', async (_what, part, why) => {
    const verifier = open({ threads: 1, times: { small: 30_000, large: 30_000 } });
    expect(await verifier.verify(play(part), by('evil'), never)).toEqual(slow(why));
    expect(await verifier.verify(play('verify', digest('2')), by('good'), never)).toEqual(verified);
  });

  test('a candidate that was slow is left alone for a minute, others are not', async () => {
    let now = 0;
    const verifier = open({ threads: 1, clock: { monotonic: () => now } });
    await verifier.verify(play('fail'), by('r'), never);
    now = 59_000;
    expect(await verifier.verify(play('verify'), by('r'), never)).toEqual(slow('a moment ago'));
    expect(await verifier.verify(play('verify', digest('2')), by('r'), never)).toEqual(verified);
    now = 61_000;
    expect(await verifier.verify(play('verify'), by('r'), never)).toEqual(verified);
  });

  test('a program that cannot start blames no candidate', async () => {
    const verifier = open({ program: pathToFileURL(join(scratch, 'nowhere.js')) });
    for (let time = 0; time < 2; time += 1)
      expect(await verifier.verify(play('verify'), by('r'), never)).toEqual(
        slow('its verification failed: '),
      );
  });

  test('a thread that ended while nobody asked it anything costs the next candidate nothing', async () => {
    const verifier = open({ threads: 1 });
    expect(await verifier.verify(play('verify and die later'), by('r'), never)).toEqual(verified);
    await new Promise((again) => setTimeout(again, 500));
    expect(await verifier.verify(play('verify', digest('2')), by('r'), never)).toEqual(verified);
  });

  test('what a thread loads first takes none of the time of a candidate, and blames none', async () => {
    const verifier = open({ threads: 1, times: { small: 100, large: 100 } });
    expect(await verifier.verify(play('load'), by('r'), never)).toEqual(verified);
    expect(await verifier.verify(play('fail to load'), by('r'), never)).toEqual(slow('a defect'));
    expect(await verifier.verify(play('verify'), by('r'), never)).toEqual(verified);
  });

  test('R26: one namespace that asks a lot does not keep another waiting', async () => {
    const verifier = open({ threads: 1 });
    const order: string[] = [];
    const ask = async (namespace: string, at: number): Promise<void> => {
      await verifier.verify(play('verify', digest(String(at))), by(namespace), never);
      order.push(namespace);
    };
    await Promise.all([...[1, 2, 3, 4, 5].map((at) => ask('busy', at)), ask('calm', 6)]);
    expect(order.indexOf('calm')).toBeLessThan(3);
  });

  test('on one core one is verified at a time', async () => {
    const verifier = open({ cores: 1 });
    const all = [1, 2, 3].map((at) =>
      verifier.verify(play('verify', digest(String(at))), by(`r${at}`), never),
    );
    expect(verifier.busy()).toBe(1);
    expect(await Promise.all(all)).toEqual([verified, verified, verified]);
  });

  test('R26: on one core too, one that hangs keeps another waiting for a moment only', async () => {
    const verifier = open({ cores: 1, times: { small: 60_000, large: 60_000 } });
    void verifier.verify(play('hang'), by('evil'), never);
    expect(await verifier.verify(play('verify', digest('2')), by('good'), never)).toEqual(verified);
    expect(verifier.busy()).toBe(1);
  });

  test('a thread that cannot be started gives its place to the next one, and blames no candidate', async () => {
    // As where a machine has no room for another thread: `new Worker` throws.
    const verifier = open({ threads: 1, program: new URL('https://registry.example.com/verify-worker.js') });
    for (let turn = 0; turn < 2; turn += 1)
      expect(await verifier.verify(play('verify'), by('shop'), AbortSignal.timeout(30_000))).toEqual(
        slow('its verification failed'),
      );
    expect(verifier.busy()).toBe(0);
  });

  test('as many wait as may', async () => {
    const verifier = open({ threads: 1, waiting: 1 });
    const results = await Promise.all(
      [1, 2, 3].map((at) => verifier.verify(play('verify', digest(String(at))), by('r'), never)),
    );
    expect(results).toContainEqual(slow('too many candidates'));
    expect(results).toContainEqual(verified);
  });

  test('who no longer waits leaves, and the thread goes on', async () => {
    const verifier = open({ threads: 1 });
    const gone = new AbortController();
    const left = verifier.verify(play('wait'), by('r'), gone.signal);
    const queued = verifier.verify(play('verify', digest('2')), by('r'), gone.signal);
    gone.abort();
    expect(await left).toEqual(slow('nobody waits'));
    expect(await queued).toEqual(slow('nobody waits'));
    expect(await verifier.verify(play('verify', digest('3')), by('r'), never)).toEqual(verified);
  });
});
