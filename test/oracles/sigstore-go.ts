import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installSigstoreVerify } from '../e2e/harness/install-sigstore.ts';

const moduleFile = join(import.meta.dirname, '..', 'e2e', 'tools-sigstore-go', 'go.mod');

export const sigstoreGoVersion = (): string =>
  /sigstore-go (v\S+)/.exec(readFileSync(moduleFile, 'utf8'))![1]!;

/** Whether sigstore-go accepts a bundle beside the image. @param flags whom it asks for */
export const sigstoreGoAccepts = (flags: readonly string[], reference: string): boolean => {
  const { stdout, stderr } = spawnSync(installSigstoreVerify(), flags, {
    encoding: 'utf8',
    input: `${reference}\n`,
  });
  if (stdout === '') throw new Error(`sigstore-go says nothing of ${reference}: ${stderr}`);
  return (JSON.parse(stdout) as { valid: boolean }).valid;
};
