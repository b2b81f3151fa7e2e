import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Answer } from './kubectl.ts';

/** The built command line, as its users start it. */
export const imagegateProgram = join(import.meta.dirname, '..', '..', '..', 'bin', 'imagegate.mjs');

export const imagegate = async (args: readonly string[], input = ''): Promise<Answer> => {
  const child = spawn(process.execPath, [imagegateProgram, ...args], { stdio: 'pipe' });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code: code ?? -1, stdout, stderr };
};

/** The part of the decision record that the tests look at. */
export interface RecordedDecision {
  readonly id: string;
  readonly operation?: string;
  readonly user?: string;
  readonly dryRun?: boolean;
  readonly object: { readonly kind: string; readonly namespace?: string; readonly name?: string };
  readonly images: readonly {
    readonly path: string;
    readonly given: string;
    readonly digest?: string;
    readonly evidence?: {
      readonly tried: readonly string[];
      readonly staleFor?: number;
      readonly claims?: readonly string[];
    };
  }[];
  readonly findings: readonly {
    readonly policy: string;
    readonly code: string;
    readonly mode: string;
    readonly detail?: string;
    readonly remedy?: string;
  }[];
  readonly allowed: boolean;
  readonly skipped?: { readonly code: string; readonly message: string };
}

/** What the gate over `data` has on record, newest first. */
export const recordedDecisions = async (data: string, ...args: string[]): Promise<RecordedDecision[]> => {
  const { code, stdout, stderr } = await imagegate(['decisions', '--data', data, '-o', 'json', ...args]);
  if (code !== 0) throw new Error(`decisions ended with ${code}: ${stderr}`);
  return (JSON.parse(stdout) as { items: RecordedDecision[] }).items;
};
