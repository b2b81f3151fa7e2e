import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { KubeObject } from './api.ts';
import type { Cluster } from './cluster.ts';

/** One certificate as PEM, always written the same way. */
export const normalPem = (pem: string): string => {
  return new X509Certificate(pem).toString();
};

/** The CAs that the API server trusts, for each webhook of the validating configurations. */
export const caBundles = async (cluster: Cluster): Promise<string[][]> => {
  const path = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
  const { body } = await cluster.api('GET', path);
  return (body['items'] as KubeObject[])
    .flatMap(({ webhooks }) => webhooks as { clientConfig: { caBundle: string } }[])
    .map(({ clientConfig }) => Buffer.from(clientConfig.caBundle, 'base64').toString('utf8'))
    .map((bundle) => (bundle.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map(normalPem));
};

/** The certificate that a gate shows to somebody who calls now. */
export const leafOf = ({ port }: { readonly port: number }): Promise<X509Certificate> => {
  return new Promise((resolve, reject) => {
    // Who signed it is the question here, so any is taken.
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      const leaf = socket.getPeerX509Certificate();
      socket.destroy();
      if (leaf === undefined) reject(new Error('no certificate was shown'));
      else resolve(leaf);
    });
    socket.on('error', reject);
  });
};
