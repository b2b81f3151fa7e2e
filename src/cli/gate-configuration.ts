import {
  configurationFolder,
  secretsFolder,
  type GateConfiguration,
  type SecretFile,
} from '../install/config-map.ts';
import { readClientCa } from '../adapters/webhook/server/caller.ts';
import { readTextFile } from '../files/text-file.ts';
import { describeConfigProblem, describeConfigProblems } from '../config/sources/origin.ts';
import { feedRows } from '../config/advisories/feed-rows.ts';
import { registryEventRows, registryDefaults, registryRows } from '../config/registries/registry-rows.ts';
import { loadFeeds, loadRegistries, loadRegistryDefaults } from '../config/registries/registry-files.ts';
import type { ConfigOf } from '../config/resolved.ts';
import { definitions, type SettingKey } from '../config/settings/settings.ts';
import type { Shape } from '../config/values/shape.ts';
import { UsageError, valueOrUsage } from './terminal/terminal.ts';

/** Settings that decide about verdicts: a gate inside of the cluster needs the same values as this command. */
const carriedSettings = [
  'unmatched',
  'unknownKinds',
  'admins',
  'bootstrapNamespaces',
  'constraints',
  'constraintsFailure',
  'constraintOperations',
  'webhookName',
  'gatekeeperNamespace',
  'workloads',
  'scan',
  'endOfLife',
  'cloudIdentities',
  'evidenceCache',
  'evidenceMemory',
] as const satisfies readonly SettingKey[];

/**
 * Settings that `manifests --image` reads for the gate. Proxies are not among them: the proxies of this terminal are
 * seldom those of the cluster.
 */
export const gateSettings = [
  ...carriedSettings,
  'registries',
  'registryDefaults',
  'registryEvents',
  'advisories',
  'clientCa',
  'clientName',
] as const satisfies readonly SettingKey[];
type Settings = ConfigOf<(typeof gateSettings)[number]>;

/** It goes into a ConfigMap, which holds no more. */
const maxClientCaBytes = 1024 * 1024;

/** The CA for the ConfigMap: only the certificates of the file, since a key may be in it too. */
const clientCaOf = (file: string): string => {
  const read = readTextFile(file, { bytes: maxClientCaBytes });
  const text = valueOrUsage(read, (why) => `--client-ca ${file} cannot be read: ${why}`);
  return valueOrUsage(readClientCa(text), (why) => `--client-ca ${file} ${why}`).join('');
};

const clientOf = ({ clientCa, clientName }: Settings): GateConfiguration['client'] => {
  if (clientCa.value !== undefined) return { ca: clientCaOf(clientCa.value), name: clientName.value };
  const { origin, value: name } = clientName;
  // As `serve` has it: a file may repeat the default, as the output of --print-config does.
  const repeated = origin.kind === 'file' && name === definitions.clientName.fallback;
  if (origin.kind === 'default' || repeated) return undefined;
  const message = '--client-name verifies nobody without --client-ca; name the CA of the client certificates';
  throw new UsageError([describeConfigProblem({ origin, message })]);
};

/** The authorities of all hosts, beside the configuration. */
const commonCa = 'registries-ca.crt';

interface CarriedRows {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly files: Readonly<Record<string, string>>;
  readonly secrets: readonly SecretFile[];
}

/**
 * Rows of registries for the gate inside of the cluster: CAs are files beside its configuration, logins are in a
 * Secret.
 */
const carryRegistries = (config: Settings): CarriedRows => {
  const loaded = valueOrUsage(loadRegistries(config.registries), describeConfigProblems);
  const defaults = loadRegistryDefaults(config.registryDefaults);
  const { ca: everywhere } = valueOrUsage(defaults, describeConfigProblems);
  const files: Record<string, string> = {};
  if (everywhere !== undefined) files[commonCa] = everywhere;
  const secrets: SecretFile[] = [];
  const rows = loaded.map(({ ca, client: _client, caFile: _caFile, ...given }, index) => {
    const { dockerConfigFile, clientCertFile, clientKeyFile, ...row } = given;
    const name = `registry-${String(index + 1)}`;
    const inSecret = (file: string | undefined, key: string): string | undefined => {
      if (file === undefined) return undefined;
      secrets.push({ key, source: file });
      return `${secretsFolder}/${key}`;
    };
    if (ca !== undefined) files[`${name}-ca.crt`] = ca;
    const login = inSecret(dockerConfigFile, `${name}-login.json`);
    const cert = inSecret(clientCertFile, `${name}-client.crt`);
    const key = inSecret(clientKeyFile, `${name}-client.key`);
    return {
      ...row,
      ...(ca === undefined ? {} : { caFile: `${configurationFolder}/${name}-ca.crt` }),
      ...(login === undefined ? {} : { dockerConfigFile: login }),
      ...(cert === undefined || key === undefined ? {} : { clientCertFile: cert, clientKeyFile: key }),
    };
  });
  const events = config.registryEvents.value.map(({ tokenFile, ...row }, index) => {
    const key = `events-${String(index + 1)}.token`;
    secrets.push({ key, source: tokenFile });
    return { ...row, tokenFile: `${secretsFolder}/${key}` };
  });
  return {
    settings: {
      ...(everywhere === undefined
        ? {}
        : { registryDefaults: registryDefaults.show({ caFile: `${configurationFolder}/${commonCa}` }) }),
      ...(rows.length === 0 ? {} : { registries: registryRows.show(rows) }),
      ...(events.length === 0 ? {} : { registryEvents: registryEventRows.show(events) }),
    },
    files,
    secrets,
  };
};

/** Feeds for the gate inside of the cluster; a `path` is one of its container. */
const carryFeeds = (config: Settings): Pick<CarriedRows, 'settings' | 'files'> => {
  const files: Record<string, string> = {};
  const rows = valueOrUsage(loadFeeds(config.advisories), describeConfigProblems).map(
    ({ ca, caFile: _caFile, ...row }) => {
      if (ca === undefined) return row;
      const name = `advisories-${row.name}-ca.crt`;
      files[name] = ca;
      return { ...row, caFile: `${configurationFolder}/${name}` };
    },
  );
  return { settings: rows.length === 0 ? {} : { advisories: feedRows.show(rows) }, files };
};

/** The settings of this command that the gate needs, from flags, environment and file. */
export const configurationOf = (config: Settings): GateConfiguration => {
  const given = carriedSettings.flatMap((key) => {
    const { shape } = definitions[key] as unknown as { shape: Shape<unknown> };
    const { value, origin } = config[key];
    return origin.kind === 'default' ? [] : [[key, shape.show(value)] as const];
  });
  const client = clientOf(config);
  const { settings, files, secrets } = carryRegistries(config);
  const feeds = carryFeeds(config);
  return {
    settings: { ...Object.fromEntries(given), ...settings, ...feeds.settings },
    files: { ...files, ...feeds.files },
    secrets,
    ...(client === undefined ? undefined : { client }),
  };
};
