import { formatAddress } from '../core/text/address.ts';
import type { ConfigProblem } from './sources/origin.ts';
import type { Config } from './resolved.ts';
import { definitions } from './settings/settings.ts';

const policySource = ({ policies, cluster }: Config): readonly ConfigProblem[] => {
  if (cluster.value && policies.value.length > 0) {
    const message = 'policies come from a folder or from the cluster, not from both; drop one of the two';
    return [{ origin: policies.origin, message: `--policies beside --cluster: ${message}` }];
  }
  if (cluster.value || policies.value.length > 0) return [];
  const message =
    'no policies: name a folder with --policies DIR, or read those of the cluster with --cluster';
  return [{ origin: policies.origin, message }];
};

/** Pull secrets are read from a cluster. Without one the flag would do nothing, and its user would not know. */
const pullSecrets = ({ pullSecrets, cluster, kubeconfig }: Config): readonly ConfigProblem[] => {
  if (!pullSecrets.value || cluster.value || kubeconfig.value !== undefined) return [];
  const message =
    '--pull-secrets reads nothing without a cluster; add --kubeconfig FILE (or --cluster), or leave it out';
  return [{ origin: pullSecrets.origin, message }];
};

/** Constraints are read from a cluster. Without one the flag would do nothing, and its user would not know. */
const constraints = ({ constraints, cluster }: Config): readonly ConfigProblem[] => {
  // Constraints of files are enforced, unless they are to be recorded only.
  if (constraints.value === 'off' || constraints.value === 'shadow' || cluster.value) return [];
  const message =
    '--constraints reads templates and constraints of a cluster; add --cluster, or leave it out';
  return [{ origin: constraints.origin, message }];
};

const certificate = ({ tlsCert, tlsKey }: Config): readonly ConfigProblem[] => {
  if ((tlsCert.value === undefined) === (tlsKey.value === undefined)) return [];
  const [given, name, other] =
    tlsCert.value === undefined ? [tlsKey, '--tls-key', '--tls-cert'] : [tlsCert, '--tls-cert', '--tls-key'];
  const message = `${name} is of use only together with ${other}; give both, or none for a self-made certificate`;
  return [{ origin: given.origin, message }];
};

/**
 * A user who sets `--client-name` expects that clients are verified. Without the CA no client is verified. A file may
 * repeat the default, as the output of --print-config does.
 */
const clientCertificate = ({ clientCa, clientName }: Config): readonly ConfigProblem[] => {
  const { value, origin } = clientName;
  const repeated = origin.kind === 'file' && value === definitions.clientName.fallback;
  if (origin.kind === 'default' || repeated || clientCa.value !== undefined) return [];
  const message = '--client-name verifies nobody without --client-ca; name the CA of the client certificates';
  return [{ origin, message }];
};

const listeners = ({ listen, admin }: Config): readonly ConfigProblem[] => {
  const address = formatAddress(listen.value);
  if (listen.value.port === 0 || address !== formatAddress(admin.value)) return [];
  const origin = admin.origin.kind === 'default' ? listen.origin : admin.origin;
  return [{ origin, message: `--listen and --admin are both ${address}; give each a port of its own` }];
};

/** Contradictions between settings. */
export const problemsOfServe = (config: Config): readonly ConfigProblem[] =>
  [policySource, pullSecrets, constraints, certificate, clientCertificate, listeners].flatMap((rule) =>
    rule(config),
  );
