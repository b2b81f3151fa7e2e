import { hash } from 'node:crypto';
import type { V1ConfigMap, V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import { manifest, objectMeta, objectNames, shellQuoted, type InstallManifest } from './manifest.ts';
import { serviceHost } from './service.ts';

/** Settings of the gate inside of the cluster that are not the same for every installation. */
export interface GateConfiguration {
  /** Settings for the file of `--config`, by key; a setting that is not in here has its default. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whom the gate answers (B38): holders of a certificate of this CA (PEM) with this name. */
  readonly client?: { readonly ca: string; readonly name: string };
  /** Further files of the ConfigMap, by name, which the settings name under {@link configurationFolder}. */
  readonly files?: Readonly<Record<string, string>>;
  /** What the settings name under {@link secretsFolder}: never printed, the operator makes the Secret. */
  readonly secrets?: readonly SecretFile[];
}

/** A file with a secret: its key in the Secret, and where it lies for the user who prints the manifests. */
export interface SecretFile {
  readonly key: string;
  readonly source: string;
}

export const configurationFolder = '/etc/imagegate';
export const secretsFolder = '/etc/imagegate-secrets';
const folder = configurationFolder;
const configFile = 'config.yaml';
const clientCaFile = 'client-ca.crt';

const fileOf = (settings: GateConfiguration['settings']): string =>
  stringify(settings, { lineWidth: 0, aliasDuplicateObjects: false });

/** The files of the ConfigMap; none: no ConfigMap. */
const filesOf = ({ settings, client, files }: GateConfiguration): Readonly<Record<string, string>> => ({
  ...files,
  ...(Object.keys(settings).length === 0 ? undefined : { [configFile]: fileOf(settings) }),
  ...(client === undefined ? undefined : { [clientCaFile]: client.ca }),
});

/** The kubelet replaces `$(NAME)` in arguments and reads `$$` as `$`. */
const literal = (text: string): string => text.replaceAll('$', () => '$$');

/** What the Deployment needs, to be spread into its parts; everything empty without a ConfigMap. */
interface MountedConfiguration {
  readonly args: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly volumeMounts: readonly V1VolumeMount[];
  readonly volumes: readonly V1Volume[];
}

/** How the Deployment sees the ConfigMap. The checksum rolls it: a gate reads `--config` only when it starts. */
export const mountedConfiguration = (configuration: GateConfiguration): MountedConfiguration => {
  const files = filesOf(configuration);
  if (Object.keys(files).length === 0) return { args: [], annotations: {}, volumeMounts: [], volumes: [] };
  const { client, secrets = [] } = configuration;
  const checksum = hash('sha256', JSON.stringify(files));
  return {
    args: [
      ...(configFile in files ? [`--config=${folder}/${configFile}`] : []),
      ...(client === undefined
        ? []
        : [`--client-ca=${folder}/${clientCaFile}`, `--client-name=${literal(client.name)}`]),
    ],
    annotations: { 'imagegate.dev/config-checksum': checksum },
    // The folder, not its files: a file that is mounted by itself never changes.
    volumeMounts: [
      { name: 'config', mountPath: folder, readOnly: true },
      ...(secrets.length === 0 ? [] : [{ name: 'secrets', mountPath: secretsFolder, readOnly: true }]),
    ],
    volumes: [
      { name: 'config', configMap: { name: objectNames.config } },
      ...(secrets.length === 0
        ? []
        : [{ name: 'secrets', secret: { secretName: objectNames.registrySecrets, defaultMode: 0o440 } }]),
    ],
  };
};

const settingsComment = `${configFile}: what --config, flags and environment gave to \`imagegate manifests --image\`. Give the same to \`imagegate manifests --webhooks\`: rules of the webhooks follow from it, and a gate that does not know a workload it is asked about lets it pass.`;

const secretsComment = (secrets: readonly SecretFile[], namespace: string): string =>
  `Logins and tokens are in a Secret that is not printed here, and the Pods wait for it. Make it first:
  kubectl -n ${namespace} create secret generic ${objectNames.registrySecrets} ${secrets
    .map(({ key, source }) => `--from-file=${shellQuoted(`${key}=${source}`)}`)
    .join(' ')}`;

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
export const configMap = (
  configuration: GateConfiguration,
  namespace: string,
): readonly InstallManifest[] => {
  const data = filesOf(configuration);
  if (Object.keys(data).length === 0) return [];
  const { client, secrets = [] } = configuration;
  const object: V1ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: objectMeta(objectNames.config, namespace),
    data,
  };
  const comments = [
    ...(configFile in data ? [settingsComment] : []),
    ...(secrets.length === 0 ? [] : [secretsComment(secrets, namespace)]),
    ...(client === undefined ? [] : [clientComment(serviceHost(namespace), client.name)]),
  ];
  return [manifest(object, comments.join('\n'))];
};
