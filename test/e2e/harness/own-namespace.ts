import type { Cluster } from './cluster.ts';
import { createAuthority, type Authority } from './certificates.ts';

/** Where a gate inside of the cluster lives, and the Secret with its CA. */
export const gateNamespace = 'imagegate-system';
export const caSecretPath = `/api/v1/namespaces/${gateNamespace}/secrets/imagegate-ca`;
export const gateImage = `registry.example.com/imagegate/imagegate@sha256:${'a'.repeat(64)}`;

/** Puts a CA there that lives for `lifetime` milliseconds, as the first replica would have. */
export const putOwnCa = async (cluster: Cluster, lifetime: number): Promise<Authority> => {
  const authority = await createAuthority('imagegate', lifetime);
  const secret = {
    metadata: { name: 'imagegate-ca' },
    stringData: { 'ca.crt': authority.certificate, 'ca.key': authority.key },
  };
  const { status, message } = await cluster.api(
    'POST',
    `/api/v1/namespaces/${gateNamespace}/secrets`,
    secret,
  );
  if (status !== 201) throw new Error(`secret of the CA: ${status} ${message}`);
  return authority;
};

/** Takes the namespace away and waits until it is gone, so that the next file may have it. */
export const removeOwnNamespace = async (cluster: Cluster): Promise<void> => {
  await cluster.must([
    'delete',
    'namespace',
    gateNamespace,
    '--ignore-not-found',
    '--timeout=60s',
    '--request-timeout=0',
  ]);
};
