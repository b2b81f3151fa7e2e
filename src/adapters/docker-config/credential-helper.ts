import { spawn } from 'node:child_process';
import type { Clock } from '../../concurrency/clock.ts';
import { onAbort } from '../../concurrency/abort.ts';
import { absent, known, unavailable, type Fact } from '../../core/facts/fact.ts';
import { isJsonObject } from '../../core/text/json/json.ts';
import { parseJson } from '../../core/text/json/parse-json.ts';
import { readEntrySecret } from '../../evidence/credential/docker-config-secret.ts';
import { createSharedFacts } from '../../evidence/credential/shared-facts.ts';
import type { CredentialSecret, Repository } from '../../evidence/ports.ts';

/** Programs of the user that keep secrets, such as `docker-credential-pass`. Only the CLI runs them. */
export interface CredentialHelpers {
  get(name: string, repository: Repository, signal: AbortSignal): Promise<Fact<CredentialSecret>>;
}
interface CredentialHelperOptions {
  /** The environment of the user: the path of programs, and variables that they need. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Milliseconds for one call, by default 30 s: the user may have to unlock a keychain. */
  readonly timeout?: number;
}

/** The name comes from a file and becomes the name of a program: no path, no option, no shell. */
const isHelperName = (text: string): boolean => /^[a-z0-9._-]{1,64}$/.test(text);
const maxOutputBytes = 65_536;
const keptFor = { known: 60_000, absent: 60_000, unavailable: 1000 } as const;

type Ended =
  | { readonly state: 'exited'; readonly code: number | null; readonly output: string }
  | { readonly state: 'failed'; readonly why: string };

const notStarted = (error: Error): string =>
  'code' in error && error.code === 'ENOENT' ? 'is not installed' : 'could not be started';

/** Runs `docker-credential-NAME get`. Its stderr is dropped: it may repeat a secret. */
const run = (
  program: string,
  input: string,
  environment: CredentialHelperOptions['environment'],
  signal: AbortSignal,
): Promise<Ended> =>
  new Promise((resolve) => {
    const child = spawn(program, ['get'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...environment },
      shell: false,
      windowsHide: true,
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let stopListening = (): void => {};
    const end = (ended: Ended): void => {
      stopListening();
      // A grandchild that holds the pipe must not keep this call waiting.
      child.stdout.destroy();
      child.stdin.destroy();
      resolve(ended);
    };
    const stop = (why: string): void => {
      child.kill('SIGKILL');
      end({ state: 'failed', why });
    };
    stopListening = onAbort(signal, () => stop('did not answer in time'));
    child.on('error', (error) => end({ state: 'failed', why: notStarted(error) }));
    child.on('close', (code) => end({ state: 'exited', code, output: Buffer.concat(chunks).toString() }));
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxOutputBytes) stop('wrote more than 64 KiB');
      else chunks.push(chunk);
    });
    // A helper that needs no input may end before the input is written.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });

/**
 * @see https://github.com/docker/docker-credential-helpers, README: `ServerURL`, `Username`, `Secret`; the user name
 *   `<token>` marks an identity token
 */
const readAnswer = (output: string, what: string): Fact<CredentialSecret> => {
  const answer = parseJson(output);
  if (!isJsonObject(answer)) return unavailable(what, `${what} gave no JSON object`);
  const { Username: username, Secret: secret } = answer;
  const entry = username === '<token>' ? { identitytoken: secret } : { username, password: secret };
  const read = readEntrySecret(entry);
  if (!read.ok) return unavailable(what, `the answer of ${what} cannot be used: ${read.error}`);
  return read.value === undefined ? absent : known(read.value);
};

/** The text of every helper on stdout, with exit code 1, for an unknown registry. */
const notFound = 'credentials not found in native keychain';

const factOf = (ended: Ended, what: string): Fact<CredentialSecret> => {
  if (ended.state === 'failed') return unavailable(what, `${what} ${ended.why}`);
  if (ended.code === 0) return readAnswer(ended.output, what);
  if (ended.output.trim() === notFound) return absent;
  return unavailable(
    what,
    `${what} ended with ${ended.code === null ? 'a signal' : `exit code ${ended.code}`}`,
  );
};

/** The name under which `docker login` stores. */
const serverOf = ({ host }: Repository): string =>
  host === 'docker.io' ? 'https://index.docker.io/v1/' : host;

export const createCredentialHelpers = (options: CredentialHelperOptions): CredentialHelpers => {
  const { environment, clock, timeout = 30_000 } = options;
  const answers = createSharedFacts<CredentialSecret>({
    clock,
    keepFor: ({ state }) => keptFor[state],
    limits: { entries: 256, weight: 256, lookups: 16, timeout },
  });
  return {
    get: (name, repository, signal) => {
      if (!isHelperName(name)) {
        const why = 'the credential helper has a name that no program has (a-z, 0-9, ".", "_" and "-")';
        return Promise.resolve(unavailable('credential helper', why));
      }
      const program = `docker-credential-${name}`;
      const server = serverOf(repository);
      const look = async (patience: AbortSignal): Promise<Fact<CredentialSecret>> =>
        factOf(await run(program, server, environment, patience), program);
      return answers.get(`${name} ${server}`, program, look, { signal });
    },
  };
};
