import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';
import { installRegistryParts } from './install.ts';
import type { Answer } from './kubectl.ts';

/** Nothing of the user's own: no login, no policy file. */
export const runTool = async (
  command: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> => {
  const env = { ...process.env, REGISTRY_AUTH_FILE: '/nonexistent/auth.json', ...more };
  const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code: code ?? -1, stdout, stderr };
};

const must = async (command: string, args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await runTool(command, args);
  if (code !== 0) throw new Error(`${basename(command)} ended with ${code}: ${stderr}`);
  return stdout;
};

/**
 * skopeo; a failure is an error. `--dest-cert-dir` (`caFolder` of the registry) or `--dest-tls-verify=false` for plain
 * HTTP, and `--dest-creds USER:PASSWORD` are what the registries of the tests need.
 * @returns stdout
 */
export const skopeo = (args: readonly string[]): Promise<string> =>
  must(installRegistryParts().skopeo, ['--insecure-policy', ...args]);

/** umoci; a failure is an error. @returns stdout */
export const umoci = (args: readonly string[]): Promise<string> => must(installRegistryParts().umoci, args);

/** oras; a failure is an error. `--from-plain-http` and `--to-plain-http` are what registries without TLS need. @returns stdout */
export const oras = (args: readonly string[]): Promise<string> => must(installRegistryParts().oras, args);
