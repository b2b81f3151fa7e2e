/**
 * `npm run try`: starts the gate on an embedded default with the example policies, sends it real AdmissionReviews
 * and prints each answer the way kubectl prints it. Leaves the gate running; `--once` ends it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { styleText } from 'node:util';

const root = new URL('..', import.meta.url).pathname;
const policies = join('examples', 'policies', 'trusted-registries');
const reviewDir = join(root, 'examples', 'reviews');
const stay = !process.argv.includes('--once');

interface Answer {
  readonly response: {
    readonly allowed: boolean;
    readonly status?: { readonly reason?: string; readonly message?: string };
    readonly warnings?: readonly string[];
  };
}
interface ReviewFile {
  readonly command: string;
  readonly review: object;
}

const post = (address: string, ca: string, body: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(
      `${address}/validate?timeout=10s`,
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

const data = await mkdtemp(join(tmpdir(), 'imagegate-try-'));
const gate = spawn(
  process.execPath,
  [
    'bin/imagegate.mjs',
    'serve',
    '--policies',
    policies,
    '--data',
    data,
    '--listen',
    '127.0.0.1:0',
    '--admin',
    '127.0.0.1:0',
  ],
  { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
);
// The log would bury the refusals; it is shown when the gate ends badly.
const log: string[] = [];
createInterface({ input: gate.stderr }).on('line', (line) => {
  log.push(line);
  if (log.length > 100) log.shift();
});

const ended = once(gate, 'exit').then(async ([code]) => {
  await rm(data, { recursive: true, force: true });
  if (code !== 0) {
    process.stderr.write(`${log.join('\n')}\nthe gate ended with exit code ${String(code)}\n`);
    process.exit(1);
  }
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => gate.kill('SIGTERM'));

const lines = createInterface({ input: gate.stdout });
const [ready] = (await Promise.race([once(lines, 'line'), ended.then(() => [''])])) as [string];
lines.on('line', (line: string) => log.push(line));
const [, address = '', , admin = ''] = ready.split(' ');

say(`The gate runs at ${address} with the policies of ${policies}.\n`);
const ca = readFileSync(join(data, 'tls', 'ca.crt'), 'utf8');
const count = { allowed: 0, refused: 0 };
for (const name of (await readdir(reviewDir)).filter((file) => file.endsWith('.json')).sort()) {
  const { command, review } = JSON.parse(await readFile(join(reviewDir, name), 'utf8')) as ReviewFile;
  const answer = await post(address, ca, JSON.stringify(review));
  count[answer.response.allowed ? 'allowed' : 'refused']++;
  say(`${styleText('bold', `$ ${command}`)}\n${asKubectl(answer)}\n`);
}
say(`${count.refused} refused, ${count.allowed} allowed; every decision is on record.`);
say('\nNext:');
if (stay) say(`  npx imagegate decisions --data ${data}   # the record, while this gate runs`);
say(`  npx imagegate explain registry-not-allowed   # what a code means and what helps
  npx imagegate policy lint ${policies}
  npx imagegate check manifest -f FILE --policies ${policies}   # your own manifests
docs/operations.md tells how to put the gate in front of a cluster.`);
if (stay) {
  say(`\nThe gate is still running. Webhook ${address}, metrics and health ${admin}. Ctrl-C ends it.`);
} else {
  gate.kill('SIGTERM');
}
await ended;
