import type { CommandEntry } from './command-module.ts';

const entry = (name: string, summary: string, load: CommandEntry['load']): CommandEntry => ({
  name,
  summary,
  load,
});

/** The explicit list: one file and one line a command. */
export const commands: readonly CommandEntry[] = [
  entry('serve', 'run the gate: judge admission reviews over HTTPS', () => import('./commands/serve.ts')),
  entry(
    'check',
    'judge manifests and images with the same policies and the same engine',
    () => import('./commands/check.ts'),
  ),
  entry('policy', 'work on policies: lint, explain-template, test', () => import('./commands/policy.ts')),
  entry('registry', 'look at how registries are reached: login-test', () => import('./commands/registry.ts')),
  entry('trust', 'look at trust roots: list, show, verify', () => import('./commands/trust.ts')),
  entry(
    'advisories',
    'know what is published about packages: import, update, status',
    () => import('./commands/advisories.ts'),
  ),
  entry(
    'scan',
    'show what is wrong with the packages of images and package lists',
    () => import('./commands/scan.ts'),
  ),
  entry('decisions', 'read the record of decisions', () => import('./commands/decisions.ts')),
  entry('explain', 'explain a reason code or one decision', () => import('./commands/explain.ts')),
  entry(
    'verify',
    'show who signed an image, and what each signature and attestation proves',
    () => import('./commands/verify.ts'),
  ),
  entry(
    'verify-bundle',
    'verify a Sigstore bundle over a file or a digest, without network',
    () => import('./commands/verify-bundle.ts'),
  ),
  entry(
    'manifests',
    'print everything that a cluster needs to use the gate',
    () => import('./commands/manifests.ts'),
  ),
  entry(
    'completion',
    'print a completion script for bash, zsh or fish',
    () => import('./commands/completion.ts'),
  ),
  entry('version', 'print the version', () => import('./commands/version.ts')),
];
