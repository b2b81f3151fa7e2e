import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Authority, KeyedCertificate } from './certificates.ts';

/** The people and machines that the tests speak as, each with its group. */
export const users = {
  /** May do everything. */
  admin: 'system:masters',
  /** An ordinary person; a test grants what it needs. */
  alice: 'developers',
  /** Named to the gate by `--admins`. */
  gatekeeper: 'platform',
  /** What the gate itself speaks as when it stands outside of the cluster. */
  imagegate: 'imagegate',
} as const;
export type User = keyof typeof users;

/** Writes one kubeconfig per user and answers with their paths. */
export const writeKubeconfigs = async (
  folder: string,
  server: string,
  authority: Authority,
): Promise<Record<User, string>> => {
  const paths = {} as Record<User, string>;
  for (const user of Object.keys(users) as User[]) {
    const client = await authority.issueClient(user, users[user]);
    paths[user] = join(folder, `${user}.kubeconfig`);
    const content = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'e2e', cluster: { server, 'certificate-authority-data': base64(authority.certificate) } },
      ],
      users: [{ name: user, user: clientUser(client) }],
      contexts: [{ name: 'e2e', context: { cluster: 'e2e', user } }],
      'current-context': 'e2e',
    };
    writeFileSync(paths[user], stringify(content), { mode: 0o600 });
  }
  return paths;
};

/** The `user` entry of a kubeconfig that holds a client certificate in itself. */
export const clientUser = (client: KeyedCertificate): Record<string, string> => {
  return { 'client-certificate-data': base64(client.certificate), 'client-key-data': base64(client.key) };
};

const base64 = (text: string): string => {
  return Buffer.from(text).toString('base64');
};
