import type { CommandEntry } from './command-module.ts';

/** The explicit list: one file and one line a command. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'serve',
    summary: 'run the gate: judge admission reviews over HTTPS',
    load: () => import('./commands/serve.ts'),
  },
  {
    name: 'check',
    summary: 'judge manifests and images with the same policies and the same engine',
    load: () => import('./commands/check.ts'),
  },
  {
    name: 'policy',
    summary: 'work on policies: lint',
    load: () => import('./commands/policy.ts'),
  },
  {
    name: 'registry',
    summary: 'look at how registries are reached: login-test',
    load: () => import('./commands/registry.ts'),
  },
  {
    name: 'decisions',
    summary: 'read the record of decisions',
    load: () => import('./commands/decisions.ts'),
  },
  {
    name: 'explain',
    summary: 'explain a reason code or one decision',
    load: () => import('./commands/explain.ts'),
  },
  {
    name: 'manifests',
    summary: 'print everything that a cluster needs to use the gate',
    load: () => import('./commands/manifests.ts'),
  },
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    load: () => import('./commands/completion.ts'),
  },
  {
    name: 'version',
    summary: 'print the version',
    load: () => import('./commands/version.ts'),
  },
];
