import { createHash } from 'node:crypto';
import type { V1ConfigMap, V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import { gateLabels, objectNames, type KubernetesObject, type Manifest } from './manifest.ts';
import { serviceHost } from './service.ts';

/** What the gate inside of the cluster has to know beyond what every gate there is told. */
export interface GateConfiguration {
  /** Settings for the file of `--config`, by key; a setting that is not in here has its default. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whom the gate answers (B38): holders of a certificate of this CA (PEM) with this name. */
  readonly client?: { readonly ca: string; readonly name: string };
}

const folder = '/etc/imagegate';
const configFile = 'config.yaml';
const clientCaFile = 'client-ca.crt';

const fileOf = (settings: GateConfiguration['settings']): string =>
  stringify(settings, { lineWidth: 0, aliasDuplicateObjects: false });

/** The files of the ConfigMap; none: no ConfigMap. */
const filesOf = ({ settings, client }: GateConfiguration): Readonly<Record<string, string>> => ({
  ...(Object.keys(settings).length === 0 ? undefined : { [configFile]: fileOf(settings) }),
  ...(client === undefined ? undefined : { [clientCaFile]: client.ca }),
});

/** The kubelet replaces `$(NAME)` in arguments and reads `$$` as `$`. */
const literal = (text: string): string => text.replaceAll('$', () => '$$');

/** What the Deployment needs, to be spread into its parts; everything empty without a ConfigMap. */
export interface MountedConfiguration {
  readonly args: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly volumeMounts: readonly V1VolumeMount[];
  readonly volumes: readonly V1Volume[];
}

/** How the Deployment sees the ConfigMap. The checksum rolls it: a gate reads `--config` only when it starts. */
export const mountedConfiguration = (configuration: GateConfiguration): MountedConfiguration => {
  const files = filesOf(configuration);
  if (Object.keys(files).length === 0) return { args: [], annotations: {}, volumeMounts: [], volumes: [] };
  const { client } = configuration;
  const checksum = createHash('sha256').update(JSON.stringify(files)).digest('hex');
  return {
    args: [
      ...(configFile in files ? [`--config=${folder}/${configFile}`] : []),
      ...(client === undefined
        ? []
        : [`--client-ca=${folder}/${clientCaFile}`, `--client-name=${literal(client.name)}`]),
    ],
    annotations: { 'imagegate.dev/config-checksum': checksum },
    // The folder, not its files: a file that is mounted by itself never changes.
    volumeMounts: [{ name: 'config', mountPath: folder, readOnly: true }],
    volumes: [{ name: 'config', configMap: { name: objectNames.config } }],
  };
};

const settingsComment = `${configFile}: what --config, flags and environment gave to \`imagegate manifests --image\`. Give the same to \`imagegate manifests --webhooks\`: rules of the webhooks follow from it, and a gate that does not know a workload it is asked about lets it pass.`;

const clientComment = (host: string, name: string): string =>
  `${clientCaFile}: on its webhook port the gate answers only callers with a certificate of this CA for client authentication with the name ${JSON.stringify(name)}. Probes and metrics use the other port and need none. An API server shows a certificate only when it is told to; do that before the webhooks are applied, or the gate turns it away and whatever needs the gate's consent is refused. Its flag --admission-control-config-file names
  apiVersion: apiserver.config.k8s.io/v1
  kind: AdmissionConfiguration
  plugins:
    - name: ValidatingAdmissionWebhook
      configuration:
        apiVersion: apiserver.config.k8s.io/v1
        kind: WebhookAdmissionConfiguration
        kubeConfigFile: /etc/kubernetes/imagegate.kubeconfig
and that kubeconfig has one user, named like the host that is called:
  apiVersion: v1
  kind: Config
  users:
    - name: ${host}
      user:
        client-certificate: /etc/kubernetes/imagegate-client.crt
        client-key: /etc/kubernetes/imagegate-client.key`;

/** The ConfigMap of a configuration that says anything. */
export const configMap = (configuration: GateConfiguration, namespace: string): readonly Manifest[] => {
  const data = filesOf(configuration);
  if (Object.keys(data).length === 0) return [];
  const { client } = configuration;
  const object: V1ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: objectNames.config, namespace, labels: { ...gateLabels } },
    data,
  };
  const comments = [
    ...(configFile in data ? [settingsComment] : []),
    ...(client === undefined ? [] : [clientComment(serviceHost(namespace), client.name)]),
  ];
  return [{ comment: comments.join('\n'), object: object as KubernetesObject }];
};
