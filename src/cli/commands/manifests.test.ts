import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { createAuthority, type Authority } from '../../../test/e2e/harness/certificates.ts';
import { startApiServer, type FakeApiServer } from '../../../test/fakes/api-server/api-server.ts';
import { inClusterWebhooks } from '../../install/installation.ts';
import { compareWebhooks } from '../../adapters/kubernetes/webhooks/compare.ts';
import { resolveConfig } from '../../config/resolve.ts';
import type { Config } from '../../config/resolved.ts';
import { definitions, settingKeys } from '../../config/settings/settings.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { createWorkloadTable } from '../../core/workload/kinds/kinds.ts';
import { addSettingFlags } from '../setting-flags.ts';
import { UsageError, type Terminal } from '../terminal/terminal.ts';
import { command } from './manifests.ts';
import { anyExpression } from '../../../test/fakes/policy-set.ts';
import { noPrograms } from '../../../test/fakes/worker-programs.ts';

const image = `registry.example.com/imagegate@sha256:${'a'.repeat(64)}`;
const fleets = `workloads: [{ group: example.com, resource: fleets, kind: Fleet, podSpec: spec.crew.spec }]`;

let authority: Authority;
let api: FakeApiServer;
let folder: string;
let kubeconfig: string;
const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'imagegate-manifests-'));
  authority = await createAuthority('clients');
  api = await startApiServer();
  const namespace = 'imagegate-system';
  api.put('deployments', { metadata: { name: 'imagegate', namespace }, status: { readyReplicas: 1 } });
  const ca = Buffer.from(authority.certificate).toString('base64');
  api.put('secrets', { metadata: { name: 'imagegate-ca', namespace }, data: { 'ca.crt': ca } });
  kubeconfig = write('kubeconfig', api.kubeconfig());
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => vi.unstubAllEnvs());

const print = async (...args: string[]): Promise<string> => {
  let printed = '';
  const terminal: Terminal = {
    out: (text) => void (printed += text),
    talk: () => {},
    interactive: false,
    readStandardInput: () => Promise.resolve(''),
    compileExpression: anyExpression,
    workers: noPrograms,
  };
  await command(terminal, () => {}, []).parseAsync(args, { from: 'user' });
  return printed;
};
const ofKind = (printed: string, kind: string): JsonObject | undefined =>
  parseAllDocuments(printed)
    .map((document) => document.toJS() as JsonObject)
    .find((object) => object['kind'] === kind);

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly [{ readonly args: readonly string[] }] };
    };
  };
}
const filesOf = (printed: string): Readonly<Record<string, string>> => {
  const map = ofKind(printed, 'ConfigMap') as { data: Record<string, string> } | undefined;
  return map?.data ?? {};
};

/** The configuration of the gate that the printed Deployment starts, from its arguments and its ConfigMap. */
const configOfGate = (printed: string): Config => {
  const { spec } = ofKind(printed, 'Deployment') as unknown as Deployment;
  const [serve, ...args] = spec.template.spec.containers[0].args.map((arg) =>
    arg.replace('$(POD_NAME)', 'gate-1').replace('$(POD_NAMESPACE)', 'imagegate-system'),
  );
  expect(serve).toBe('serve');
  const parsed = addSettingFlags(new Command(), settingKeys).parse(args, { from: 'user' });
  const { config: path, ...flags } = parsed.opts<Record<string, string>>();
  const text = filesOf(printed)['config.yaml'];
  expect(path).toBe(text === undefined ? undefined : '/etc/imagegate/config.yaml');
  const file = text === undefined || path === undefined ? {} : { file: { path, text } };
  const resolved = resolveConfig({ flags, environment: {}, ...file });
  if (!resolved.ok) throw new Error(resolved.error.map(({ message }) => message).join());
  return resolved.value.config;
};

/** In what webhooks that were printed differ from those that a gate with this configuration expects. */
const differencesOf = (config: Config, printed: string): readonly string[] => {
  const expected = inClusterWebhooks({
    namespace: config.namespace.value ?? '',
    caBundle: '',
    workloads: createWorkloadTable(config.workloads.value).all,
    bootstrapNamespaces: config.bootstrapNamespaces.value,
  });
  return expected.flatMap(({ object }) =>
    compareWebhooks(
      object as unknown as JsonObject,
      ofKind(printed, object.kind) ?? {},
      authority.certificate,
    ),
  );
};

interface Given {
  readonly title: string;
  readonly file?: string;
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** What the gate has to know; everything else has its default. */
  readonly knows: Readonly<Record<string, unknown>>;
}
const cases: readonly Given[] = [
  { title: 'nothing', knows: {} },
  {
    title: 'custom workloads in a file',
    file: fleets,
    knows: {
      workloads: [
        expect.objectContaining({ group: 'example.com', kind: 'Fleet', podSpec: 'spec.crew.spec' }),
      ],
    },
  },
  {
    title: 'flags',
    flags: ['--unmatched=deny', '--unknown-kinds=deny', '--admins=CN=ops,OU=it', '--admins=no'],
    knows: { unmatched: 'deny', unknownKinds: 'deny', admins: ['CN=ops,OU=it', 'no'] },
  },
  {
    title: 'the environment',
    environment: { IMAGEGATE_BOOTSTRAP_NAMESPACES: 'kube-system,calico-system', IMAGEGATE_ADMINS: '1:30' },
    knows: { bootstrapNamespaces: ['kube-system', 'calico-system'], admins: ['1:30'] },
  },
  {
    title: 'a flag over a file',
    file: `${fleets}\nbootstrapNamespaces: [kube-system, cilium]\nunmatched: allow`,
    flags: ['--bootstrap-namespaces=calico-system'],
    knows: { bootstrapNamespaces: ['calico-system'], unmatched: 'allow', workloads: [expect.anything()] },
  },
  {
    title: 'no bootstrap namespace at all',
    file: 'bootstrapNamespaces: []',
    knows: { bootstrapNamespaces: [] },
  },
  {
    title: 'what matters to a gate elsewhere only',
    file: 'listen: 127.0.0.1:9443\nlogLevel: debug\ntlsCert: ./tls.crt',
    knows: { listen: { host: '0.0.0.0', port: 8443 }, logLevel: 'info' },
  },
];

describe.each(cases)('manifests given $title', ({ file, flags = [], environment = {}, knows }) => {
  const given = (): string[] => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    return [...flags, ...(file === undefined ? [] : ['--config', write('given.yaml', file)])];
  };

  test('--image starts a gate that knows exactly that', async () => {
    const config = configOfGate(await print('--image', image, ...given()));
    const settings = ['unmatched', 'unknownKinds', 'admins', 'bootstrapNamespaces', 'workloads'] as const;
    const expected = Object.fromEntries(settings.map((key) => [key, definitions[key].fallback]));
    const known = Object.fromEntries(settingKeys.map((key) => [key, config[key].value]));
    expect(known).toMatchObject({ ...expected, ...knows });
  });

  test('--webhooks agrees with --image: the running gate finds its webhooks intact (R13)', async () => {
    const config = configOfGate(await print('--image', image, ...given()));
    const printed = await print('--webhooks', '--kubeconfig', kubeconfig, ...given());
    expect(differencesOf(config, printed)).toEqual([]);
  });
});

test('without any setting no ConfigMap is printed, and with a file that says nothing of use neither', async () => {
  const plain = await print('--image', image);
  expect(ofKind(plain, 'ConfigMap')).toBeUndefined();
  expect(await print('--image', image, '--config', write('of-no-use.yaml', 'logLevel: debug'))).toBe(plain);
});

test('the comparison sees a gate without the setting: that is what the ConfigMap is for (R13)', async () => {
  const untold = configOfGate(await print('--image', image));
  const printed = await print(
    '--webhooks',
    '--kubeconfig',
    kubeconfig,
    '--config',
    write('told.yaml', fleets),
  );
  expect(differencesOf(untold, printed)).not.toEqual([]);
});

describe('manifests --image given registries', () => {
  const given = (): string => {
    write('registry-ca.crt', `# ours\n${authority.key}\n${authority.certificate}`);
    write('login.json', '{"auths":{"registry.example.com":{"username":"ann","password":"correct horse"}}}');
    write('harbor.token', 'a-token-of-more-than-16-characters');
    return write(
      'registries.yaml',
      `registries:
  - { host: registry.example.com, caFile: ./registry-ca.crt, dockerConfigFile: ./login.json, timeout: 3s }
  - { host: mirror.example.com, allowPrivateAddress: true }
registryDefaults: { caFile: ./registry-ca.crt }
registryEvents:
  - { source: harbor, format: harbor, tokenFile: ./harbor.token, hosts: [registry.example.com] }
cloudIdentities: [ecr]
evidenceCache: 64MiB
`,
    );
  };

  test('the gate finds the CA beside its configuration, and logins and tokens where the Secret is mounted', async () => {
    const printed = await print('--image', image, '--config', given());
    const config = configOfGate(printed);
    expect(config.registries.value).toEqual([
      {
        host: 'registry.example.com',
        caFile: '/etc/imagegate/registry-1-ca.crt',
        dockerConfigFile: '/etc/imagegate-secrets/registry-1-login.json',
        timeout: 3000,
      },
      { host: 'mirror.example.com', allowPrivateAddress: true },
    ]);
    expect(config.registryEvents.value).toEqual([
      {
        source: 'harbor',
        format: 'harbor',
        tokenFile: '/etc/imagegate-secrets/events-1.token',
        hosts: ['registry.example.com'],
      },
    ]);
    expect([config.cloudIdentities.value, config.evidenceCache.value]).toEqual([['ecr'], 64 * 2 ** 20]);
    expect(filesOf(printed)['registry-1-ca.crt']).toBe(`${authority.certificate.trim()}\n`);
    expect(config.registryDefaults.value).toEqual({ caFile: '/etc/imagegate/registries-ca.crt' });
    expect(filesOf(printed)['registries-ca.crt']).toBe(`${authority.certificate.trim()}\n`);
  });

  test('a client certificate and its key go into the Secret, and the key is not printed', async () => {
    const { certificate, key } = await authority.issueClient('imagegate');
    write('client.crt', certificate);
    const file = write('client.key', key);
    const row = '{ host: registry.example.com, clientCertFile: ./client.crt, clientKeyFile: ./client.key }';
    const printed = await print('--image', image, '--config', write('client.yaml', `registries: [${row}]\n`));
    expect(configOfGate(printed).registries.value).toEqual([
      {
        host: 'registry.example.com',
        clientCertFile: '/etc/imagegate-secrets/registry-1-client.crt',
        clientKeyFile: '/etc/imagegate-secrets/registry-1-client.key',
      },
    ]);
    expect(printed).not.toContain('PRIVATE KEY');
    expect(printed).toContain(`--from-file='registry-1-client.key=${file}'`);
  });

  test('no secret is printed, but the command that makes the Secret of them, and the Pods mount it', async () => {
    const printed = await print('--image', image, '--config', given());
    expect(printed).not.toMatch(/correct horse|a-token-of|PRIVATE KEY/);
    expect(printed).toContain('kubectl -n imagegate-system create secret generic imagegate-registries');
    expect(printed).toContain(`--from-file='registry-1-login.json=${join(folder, 'login.json')}'`);
    expect(printed).toContain(`--from-file='events-1.token=${join(folder, 'harbor.token')}'`);
    const { spec } = ofKind(printed, 'Deployment') as unknown as {
      spec: { template: { spec: { volumes: readonly object[] } } };
    };
    expect(spec.template.spec.volumes).toContainEqual({
      name: 'secrets',
      secret: { secretName: 'imagegate-registries', defaultMode: 0o440 },
    });
  });

  test('a CA that is not there is refused before anything is printed', async () => {
    const path = write('no-ca.yaml', 'registries: [{ host: registry.example.com, caFile: ./nowhere.crt }]');
    await expect(print('--image', image, '--config', path)).rejects.toBeInstanceOf(UsageError);
  });
});

describe('manifests --client-ca (B38)', () => {
  test('puts the certificates of the file into the ConfigMap, and no key that stands beside them', async () => {
    const path = write('client-ca.crt', `# ours\n${authority.key}\n${authority.certificate}`);
    const printed = await print('--image', image, '--client-ca', path, '--client-name', 'api');
    expect(printed).not.toContain('PRIVATE KEY');
    expect(filesOf(printed)).toEqual({
      'client-ca.crt': `${authority.certificate.trim()}\n`,
    });
    const config = configOfGate(printed);
    expect([config.clientCa.value, config.clientName.value]).toEqual(['/etc/imagegate/client-ca.crt', 'api']);
  });

  test('is of no interest to --webhooks, which take the same flags', async () => {
    const flags = ['--client-ca', write('client-ca.crt', authority.certificate), '--client-name', 'api'];
    const webhooks = ['--webhooks', '--kubeconfig', kubeconfig];
    expect(await print(...webhooks, ...flags)).toBe(await print(...webhooks));
  });

  test.each<[string, () => string[], RegExp]>([
    [
      'a file that is not there',
      () => ['--client-ca', join(folder, 'nowhere')],
      /--client-ca .*nowhere cannot be read: there is no such file/,
    ],
    [
      'an empty file',
      () => ['--client-ca', write('empty', '')],
      /--client-ca .*empty holds no certificate in PEM form/,
    ],
    [
      'a name without a CA',
      () => ['--client-name', 'api'],
      /flag --client-name: --client-name verifies nobody without --client-ca/,
    ],
  ])('with %s prints nothing', async (_title, flags, want) => {
    const printed = print('--image', image, ...flags());
    await expect(printed).rejects.toBeInstanceOf(UsageError);
    await expect(printed).rejects.toThrow(want);
  });
});

describe('manifests --pull-secrets (B29)', () => {
  interface PrintedRole {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
    readonly rules: readonly {
      readonly resources: readonly string[];
      readonly verbs: readonly string[];
      readonly resourceNames?: readonly string[];
    }[];
  }
  /** Rights to Secrets that are limited by no name. */
  const allows = (printed: string): readonly string[] =>
    parseAllDocuments(printed)
      .map((document) => document.toJS() as PrintedRole)
      .filter(({ kind }) => ['Role', 'ClusterRole'].includes(kind))
      .flatMap(({ kind, metadata: { name, namespace = '*' }, rules }) =>
        rules
          .filter(
            ({ resources, resourceNames }) => resources.includes('secrets') && resourceNames === undefined,
          )
          .map(({ verbs }) => `${kind} ${name}: ${verbs.join()} in ${namespace}`),
      );
  const own = 'Role imagegate: create in imagegate-system';

  test.each<[string, readonly string[], readonly string[], boolean]>([
    ['is none unless told otherwise', [], [own], false],
    ['none reads none', ['--pull-secrets', 'none'], [own], false],
    [
      'all reads those of every namespace',
      ['--pull-secrets', 'all'],
      [own, 'ClusterRole imagegate-pull-secrets: get in *'],
      true,
    ],
    [
      'a list reads those of its namespaces alone',
      ['--pull-secrets=shop, bank,shop'],
      [own, 'Role imagegate-pull-secrets: get in shop', 'Role imagegate-pull-secrets: get in bank'],
      true,
    ],
  ])('%s, and the gate is told whether it may', async (_title, flags, rights, reported) => {
    const printed = await print('--image', image, ...flags);
    expect(allows(printed)).toEqual(rights);
    expect(configOfGate(printed).pullSecrets.value).toBe(reported);
  });

  test('a gate elsewhere gets the right for its user, and only when it is asked for', async () => {
    const url = ['--url', 'https://gate.example.com:8443', '--data', join(folder, 'elsewhere')];
    expect(allows(await print(...url))).toEqual([]);
    const printed = await print(...url, '--pull-secrets', 'shop');
    expect(allows(printed)).toEqual(['Role imagegate-pull-secrets: get in shop']);
    expect(ofKind(printed, 'RoleBinding')).toMatchObject({
      metadata: { name: 'imagegate-pull-secrets', namespace: 'shop' },
      roleRef: { kind: 'Role', name: 'imagegate-pull-secrets' },
      subjects: [{ kind: 'User', name: 'imagegate' }],
    });
  });

  test('what the main role says about Secrets stays true', async () => {
    expect(await print('--image', image)).toMatch(/read no\n?#? ?Secret\./);
    expect(await print('--image', image, '--pull-secrets', 'all')).not.toMatch(/read no\n?#? ?Secret\./);
  });

  test.each([
    ['', /"" is no name of a namespace/],
    ['Shop', /"Shop" is no name of a namespace; write none, all, or namespaces/],
    ['shop,', /"" is no name of a namespace/],
    ['shop/regcred', /is no name of a namespace/],
    ['shop,all', /all cannot stand in a list of namespaces/],
    ['true', /true cannot stand in a list of namespaces; write none, all, or/],
    [Array.from({ length: 257 }, (_, n) => `n${n}`).join(), /more than 256 namespaces/],
  ])('%j is refused', async (text, refusal) => {
    await expect(print('--image', image, `--pull-secrets=${text}`)).rejects.toThrow(refusal);
  });
});
