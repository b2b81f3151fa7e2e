/**
 * `npm run try`: starts the gate on an embedded default with the example policies, sends it real AdmissionReviews
 * and prints each answer the way kubectl prints it. One refusal comes from an advisory about a package in an image, for which
 * a registry runs in this process. Leaves the gate running; `--once` ends it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs, styleText } from 'node:util';
import { startTillRegistry, tillProxy, writeTillAdvisory, writeTillConfig } from './till-images.ts';

const root = new URL('..', import.meta.url).pathname;
const policies = ['trusted-registries', 'vulnerabilities'].map((set) => join('examples', 'policies', set));
const reviewDir = join(root, 'examples', 'reviews');

const readOnce = (): boolean => {
  try {
    return parseArgs({ options: { once: { type: 'boolean', default: false } } }).values.once;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nusage: npm run try [-- --once]\n`);
    return process.exit(2);
  }
};
const stay = !readOnce();

interface Answer {
  readonly response: {
    readonly patch?: string;
    readonly allowed: boolean;
    readonly status?: { readonly reason?: string; readonly message?: string };
    readonly warnings?: readonly string[];
  };
}
interface Review {
  readonly request: { readonly object: Record<string, unknown> };
}
interface ReviewFile {
  readonly command: string;
  readonly review: Review;
}

const post = (url: string, ca: string, body: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(
      `${url}?timeout=10s`,
      { method: 'POST', ca, headers: { 'content-type': 'application/json' } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(JSON.parse(text) as Answer));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });

/** kubectl's own words for a refused request, `Error from server (Forbidden): admission webhook …`. */
const asKubectl = ({ response }: Answer): string => {
  const warnings = (response.warnings ?? []).map((warning) => styleText('yellow', `Warning: ${warning}`));
  const verdict = response.allowed
    ? styleText('green', 'created')
    : styleText(
        'red',
        `Error from server (${response.status?.reason}): admission webhook "validate.imagegate.dev" denied the request: ${response.status?.message}`,
      );
  return [...warnings, verdict].join('\n');
};

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** What the mutating webhook changed, as the API server puts it in before it asks the validating one. */
const pinned = (review: Review, { response }: Answer): Review => {
  const patch = JSON.parse(Buffer.from(response.patch ?? btoa('[]'), 'base64').toString()) as readonly {
    readonly path: string;
    readonly value: string;
  }[];
  const changed = structuredClone(review);
  for (const { path, value } of patch) {
    const [name = '', ...above] = path.split('/').slice(1).reverse();
    let place = changed.request.object;
    for (const step of above.reverse()) place = place[step] as Record<string, unknown>;
    place[name] = value;
  }
  return changed;
};

let program: ChildProcess | undefined;
let isStopped = false;
const stop = (): void => {
  isStopped = true;
  program?.kill('SIGTERM');
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
// Nobody reads on (`npm run try | head`): without this the script ended alone, and its gate ran on for good.
process.stdout.on('error', stop);

const data = await mkdtemp(join(tmpdir(), 'imagegate-try-'));
const till = await startTillRegistry();
// The log would bury the refusals; it is shown when a command ends badly.
const log: string[] = [];
const start = (...args: readonly string[]) => {
  const started = spawn(process.execPath, ['bin/imagegate.mjs', ...args, '--data', data], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...tillProxy(till) },
  });
  program = started;
  if (isStopped) stop();
  createInterface({ input: started.stderr }).on('line', (line) => {
    log.push(line);
    if (log.length > 100) log.shift();
  });
  return started;
};
const leave = async (what: string, code: number | null): Promise<never> => {
  await till.close();
  await rm(data, { recursive: true, force: true });
  const isWell = code === 0 || isStopped;
  if (!isWell) process.stderr.write(`${log.join('\n')}\n${what} ended with exit code ${String(code)}\n`);
  process.exit(isWell ? 0 : 1);
};
const exitOf = async (child: ChildProcess): Promise<number | null> => {
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
};

const set = join(data, 'policies');
for (const folder of policies) await cp(join(root, folder), set, { recursive: true });
const today = new Date().toISOString().slice(0, 10);
const importing = start('advisories', 'import', await writeTillAdvisory(data), '--as-of', today);
importing.stdout.resume();
const imported = await exitOf(importing);
if (imported !== 0) await leave('`imagegate advisories import`', imported);

const config = await writeTillConfig(data);
const ports = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
const gate = start('serve', '--policies', set, '--config', config, ...ports);
const ended = exitOf(gate).then((code) => leave('the gate', code));

const lines = createInterface({ input: gate.stdout });
const [ready] = (await Promise.race([once(lines, 'line'), ended])) as [string];
lines.on('line', (line: string) => log.push(line));
const [, address = '', , admin = ''] = ready.split(' ');

say(`The gate runs at ${address} with the policies of ${policies.join(' and ')}.\n`);
const ca = readFileSync(join(data, 'tls', 'ca.crt'), 'utf8');
const ask = (path: string, review: Review): Promise<Answer> =>
  post(`${address}${path}`, ca, JSON.stringify(review)).catch((error: unknown) => {
    if (isStopped) return ended;
    throw error;
  });
const count = { allowed: 0, refused: 0 };
for (const name of (await readdir(reviewDir)).filter((file) => file.endsWith('.json')).sort()) {
  const { command, review } = JSON.parse(await readFile(join(reviewDir, name), 'utf8')) as ReviewFile;
  const mutated = await ask('/mutate', review);
  const answer = await ask('/validate', pinned(review, mutated));
  count[answer.response.allowed ? 'allowed' : 'refused']++;
  say(`${styleText('bold', `$ ${command}`)}\n${asKubectl(answer)}\n`);
}
say(`${count.refused} refused, ${count.allowed} allowed; every decision is on record.`);
say('\nNext:');
if (stay) say(`  npx imagegate decisions --data ${data}   # the record, while this gate runs`);
say(`  npx imagegate explain registry-not-allowed   # what a code means and what helps
  npx imagegate policy lint examples/policies
  npx imagegate check manifest -f FILE --policies ${policies[0]}   # your own manifests
docs/operations.md tells how to put the gate in front of a cluster.`);
if (stay) {
  say(`\nThe gate is still running. Webhook ${address}, metrics and health ${admin}. Ctrl-C ends it.`);
} else {
  gate.kill('SIGTERM');
}
await ended;
