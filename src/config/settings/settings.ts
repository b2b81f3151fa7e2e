import { define, type Definition } from './definition.ts';
import { evidenceDefinitions } from './evidence-settings.ts';
import { choice, choices, optional, shapes, type Shown } from '../values/shape.ts';
import { workloadRows } from '../values/workload-rows.ts';

const day = 86_400_000;
const loopback = '127.0.0.1';

/** Every setting of `serve`, in the order in which help texts and `--print-config` show them. */
export const definitions = {
  policies: define({
    shape: shapes.paths,
    fallback: [],
    description: 'Folder or file with policies; reloaded when it changes. Instead of --cluster.',
    example: './policies',
  }),
  cluster: define({
    shape: shapes.switch,
    fallback: false,
    description: 'Read the ImagePolicy objects of the cluster and watch them. Instead of --policies.',
    example: 'true',
  }),
  kubeconfig: define({
    shape: optional(shapes.file),
    fallback: undefined,
    description:
      'How to reach the cluster; without it KUBECONFIG, the service account of the Pod or ~/.kube/config.',
    example: './kubeconfig',
  }),
  context: define({
    shape: optional(shapes.name),
    fallback: undefined,
    description: 'Which context of the kubeconfig; the current one unless told otherwise.',
    example: 'production',
  }),
  pullSecrets: define({
    shape: shapes.switch,
    fallback: false,
    description:
      'Read the pull secrets of a Pod and of its service account, in its own namespace only. The right to do so comes from `imagegate manifests --pull-secrets`.',
    example: 'true',
  }),
  listen: define({
    shape: shapes.address,
    fallback: { host: loopback, port: 8443 },
    description: 'Where the webhooks listen (HTTPS). Port 0 takes a free one.',
    example: '0.0.0.0:8443',
  }),
  admin: define({
    shape: shapes.address,
    fallback: { host: loopback, port: 8080 },
    description: 'Where /healthz, /readyz and /metrics listen (HTTP). Port 0 takes a free one.',
    example: '0.0.0.0:8080',
  }),
  data: define({
    shape: shapes.folder,
    fallback: './.imagegate',
    description: 'Where everything that is kept lies: the CA, the certificates, the record.',
    example: '/var/lib/imagegate',
  }),
  tlsCert: define({
    shape: optional(shapes.file),
    fallback: undefined,
    description: 'Serving certificate (PEM, watched); together with --tls-key. Self-made without it.',
    example: './tls.crt',
  }),
  tlsKey: define({
    shape: optional(shapes.file),
    fallback: undefined,
    description: 'Private key of --tls-cert (PEM, watched).',
    example: './tls.key',
  }),
  tlsName: define({
    shape: shapes.serverNames,
    fallback: [],
    description: 'One more host name or IP address in the self-made certificate.',
    example: 'imagegate.imagegate-system.svc',
  }),
  clientCa: define({
    shape: optional(shapes.file),
    fallback: undefined,
    description: 'CA of the API server’s client certificate (PEM). Callers without one are turned away.',
    example: './client-ca.crt',
  }),
  clientName: define({
    shape: shapes.name,
    fallback: 'kube-apiserver',
    description: 'The common name that the certificate of --client-ca must carry.',
    example: 'kube-apiserver',
  }),
  unmatched: define({
    shape: optional(choice('deny', 'allow')),
    fallback: undefined,
    description:
      'What happens to an image that no policy speaks about; unset: the policies of its namespace decide.',
    example: 'deny',
  }),
  unknownKinds: define({
    shape: choice('allow', 'deny'),
    fallback: 'allow',
    description: 'What happens to a kind whose pod spec nobody described: allow (with a warning) or deny.',
    example: 'deny',
  }),
  admins: define({
    shape: shapes.people,
    fallback: [],
    description: 'User or group that may relabel a namespace out of a Deny policy.',
    example: 'system:masters',
  }),
  bootstrapNamespaces: define({
    shape: shapes.namespaces,
    fallback: ['kube-system'],
    description:
      'Namespaces that must start while the gate is down: judged while it lives, open when it does not.',
    example: 'kube-system,calico-system',
  }),
  namespace: define({
    shape: optional(shapes.namespace),
    fallback: undefined,
    description: 'The namespace in which the gate itself runs; unset outside of a cluster.',
    example: 'imagegate-system',
  }),
  replica: define({
    shape: optional(shapes.replica),
    fallback: undefined,
    description:
      'Name of this replica, the beginning of every decision id; the host name unless told otherwise.',
    example: 'imagegate-0',
  }),
  logLevel: define({
    shape: choice('debug', 'info', 'warn', 'error'),
    fallback: 'info',
    description: 'The least important line that is still written.',
    example: 'debug',
  }),
  logFormat: define({
    shape: choice('json', 'text'),
    fallback: 'json',
    description: 'How log lines are written to stderr.',
    example: 'text',
  }),
  recordMaxAge: define({
    shape: shapes.duration,
    fallback: 30 * day,
    description: 'Decisions older than this leave the record.',
    example: '90d',
  }),
  recordMaxBytes: define({
    shape: shapes.size,
    fallback: 512 * 2 ** 20,
    description: 'The oldest decisions leave the record when it grows beyond this.',
    example: '2GiB',
  }),
  inventoryMaxAge: define({
    shape: shapes.duration,
    fallback: 90 * day,
    description: 'Package lists of images that nobody has asked for in this time are forgotten.',
    example: '30d',
  }),
  inventoryMaxBytes: define({
    shape: shapes.size,
    fallback: 256 * 2 ** 20,
    description:
      'The package lists that were not asked for longest are forgotten when all take more than this.',
    example: '1GiB',
  }),
  constraints: define({
    shape: choice('off', 'shadow', 'beside', 'enforce'),
    fallback: 'off',
    description:
      'Templates and constraints of Gatekeeper in the cluster: not asked, recorded only, asked beside Gatekeeper, or asked with CRDs and statuses kept as well.',
    example: 'enforce',
  }),
  constraintsFailure: define({
    shape: choice('Fail', 'Ignore'),
    fallback: 'Fail',
    description:
      'With every replica dead: what Deny constraints name beside workloads waits (Fail), or passes unjudged (Ignore).',
    example: 'Ignore',
  }),
  constraintOperations: define({
    shape: choices('CREATE', 'UPDATE', 'DELETE', 'CONNECT'),
    fallback: ['CREATE', 'UPDATE'],
    description:
      'What constraints are asked about. Deletions and connections always pass while every replica is dead.',
    example: 'CREATE,UPDATE,DELETE',
  }),
  webhookName: define({
    shape: shapes.webhookName,
    fallback: 'validate.imagegate.dev',
    description:
      'The name of the webhooks that judge workloads and constraints; refusals begin with it. `manifests` needs the same.',
    example: 'validation.gatekeeper.sh',
  }),
  gatekeeperNamespace: define({
    shape: shapes.namespace,
    fallback: 'gatekeeper-system',
    description: 'Where the Config of Gatekeeper is read from, for --constraints; nowhere else.',
    example: 'gatekeeper-system',
  }),
  workloads: define({
    shape: workloadRows,
    fallback: [],
    description: 'Custom kinds and where their pod spec or their images lie. In the configuration file only.',
    example: '[{ group: example.com, resource: fleets, kind: Fleet, podSpec: spec.template.spec }]',
  }),
  ...evidenceDefinitions,
} as const;

type Definitions = typeof definitions;
export type SettingKey = keyof Definitions;
export const settingKeys = Object.keys(definitions) as readonly SettingKey[];

/** The value of a setting after parsing: milliseconds for durations, bytes for sizes. */
export type SettingValue<K extends SettingKey> = Definitions[K] extends Definition<infer T> ? T : never;

const words = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
/** `tlsCert` is `--tls-cert`. */
export const flagOf = (key: SettingKey): string => `--${words(key)}`;
/** `tlsCert` is `IMAGEGATE_TLS_CERT`. */
export const variableOf = (key: SettingKey): string =>
  `IMAGEGATE_${words(key).replaceAll('-', '_').toUpperCase()}`;

const definitionOf = (key: SettingKey): Definition<unknown> =>
  definitions[key] as unknown as Definition<unknown>;

/** Whether the setting has a flag. */
export const hasFlag = (key: SettingKey): boolean => {
  const { shape, conventional } = definitionOf(key);
  return shape.kind === 'text' && conventional === undefined;
};
/** The variables of a setting in order of precedence; none when only the file can hold it. */
export const variablesOf = (key: SettingKey): readonly string[] =>
  definitionOf(key).conventional ?? (hasFlag(key) ? [variableOf(key)] : []);

/** A setting as the command line and the documentation show it. */
interface SettingDescription {
  readonly key: SettingKey;
  /** Absent when only the configuration file, and perhaps the environment, can hold it. */
  readonly flag?: string;
  /** Absent when only the configuration file can hold it. */
  readonly variable?: string;
  /** Empty for a switch. */
  readonly placeholder: string;
  readonly repeatable: boolean;
  /** Absent when unset is the default. */
  readonly fallback?: string;
  readonly description: string;
  readonly example: string;
}

/** The value as written after a flag; documents have none. */
const textOf = (shown: Shown): string => {
  if (Array.isArray(shown)) return shown.map(String).join(',');
  return typeof shown === 'string' || typeof shown === 'boolean' ? String(shown) : '';
};

const describeSetting = (key: SettingKey): SettingDescription => {
  const { shape, fallback, description, example } = definitionOf(key);
  const shown = shape.show(fallback);
  const text = textOf(shown);
  const variable = variablesOf(key).at(-1);
  return Object.freeze({
    key,
    ...(hasFlag(key) ? { flag: flagOf(key) } : undefined),
    ...(variable === undefined ? undefined : { variable }),
    placeholder: shape.placeholder,
    repeatable: shape.kind === 'text' && shape.repeatable,
    ...(text === '' ? undefined : { fallback: text }),
    description,
    example,
  });
};

/** The table of settings, for `--help`, for completion and for the documentation. */
export const settings: readonly SettingDescription[] = Object.freeze(settingKeys.map(describeSetting));
