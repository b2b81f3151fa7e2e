import type { CertificateSource } from '../../adapters/certificate/source.ts';
import type { ExpectedOptions } from '../../adapters/kubernetes/webhooks/expected.ts';
import type { Config } from '../../config/resolved.ts';
import { createWorkloadTable } from '../../core/workload/kinds/kinds.ts';

export type ExpectedSettings = Pick<
  Config,
  'webhookName' | 'workloads' | 'bootstrapNamespaces' | 'namespace' | 'listen'
>;

/** What the webhook configurations of this gate have in common: whom they ask, and what about. */
export const expectedOptions = (
  config: ExpectedSettings,
  certificate: Pick<CertificateSource, 'current'>,
): ExpectedOptions => {
  const { host, port } = config.listen.value;
  return {
    workloads: createWorkloadTable(config.workloads.value).all,
    bootstrapNamespaces: config.bootstrapNamespaces.value,
    webhookName: config.webhookName.value,
    namespace: config.namespace.value,
    ownUrl: `https://${host}:${port}`,
    certificate: () => certificate.current().cert,
  };
};
