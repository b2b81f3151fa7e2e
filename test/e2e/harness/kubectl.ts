import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { User } from './kubeconfig.ts';

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}
export interface KubectlOptions {
  readonly as?: User;
  readonly input?: string;
}
export type Kubectl = (args: readonly string[], options?: KubectlOptions) => Promise<Answer>;

/** The real kubectl, as one of the users. */
export const createKubectl = (
  binary: string,
  folder: string,
  kubeconfigs: Readonly<Record<User, string>>,
): Kubectl => {
  return async (args, { as = 'admin', input = '' } = {}) => {
    const child = spawn(binary, ['--kubeconfig', kubeconfigs[as], '--request-timeout', '30s', ...args], {
      env: { PATH: process.env['PATH'], HOME: folder, KUBECACHEDIR: join(folder, 'kubectl-cache', as) },
      stdio: 'pipe',
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit') as Promise<[number | null]>,
    ]);
    return { code: code ?? -1, stdout, stderr };
  };
};
