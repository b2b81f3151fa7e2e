import type { V1ConfigMap, V1Deployment } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { configMap, type GateConfiguration } from './config-map.ts';
import { deployment } from './deployment.ts';
import { printManifests } from './manifest.ts';

const namespace = 'gate';
const client = { ca: 'PEM\n', name: 'kube-apiserver' };
const settings = { unknownKinds: 'deny' };

const image = `registry.example.com/imagegate@sha256:${'a'.repeat(64)}`;

const seen = (configuration: GateConfiguration = { settings: {} }) => {
  const options = { image, namespace, bootstrapNamespaces: ['kube-system'], configuration };
  const template = (deployment(options).object as V1Deployment).spec!.template;
  const { containers, volumes = [] } = template.spec!;
  const { args = [], volumeMounts = [], ...container } = containers[0]!;
  const [map] = configMap(configuration, namespace);
  const { data = {} } = (map?.object ?? {}) as V1ConfigMap;
  return {
    comment: map?.comment,
    files: Object.keys(data),
    args,
    mounts: volumeMounts.filter(({ name }) => name === 'config'),
    volumes: volumes.filter(({ name }) => name === 'config'),
    annotations: template.metadata?.annotations,
    container,
  };
};

describe('the ConfigMap and the Deployment that mounts it', () => {
  interface Case {
    readonly title: string;
    readonly configuration?: GateConfiguration;
    readonly files: readonly string[];
    readonly args: readonly string[];
  }
  const bootstrap = '--bootstrap-namespaces=kube-system';
  const config = '--config=/etc/imagegate/config.yaml';
  const callers = ['--client-ca=/etc/imagegate/client-ca.crt', '--client-name=kube-apiserver'];
  const cases: readonly Case[] = [
    { title: 'nothing given: neither', files: [], args: [bootstrap] },
    { title: 'nothing said: neither', configuration: { settings: {} }, files: [], args: [bootstrap] },
    {
      title: 'a setting: the file and its flag',
      configuration: { settings },
      files: ['config.yaml'],
      args: [bootstrap, config],
    },
    {
      title: 'bootstrap namespaces: in the file alone, where an empty list can stand too',
      configuration: { settings: { bootstrapNamespaces: [] } },
      files: ['config.yaml'],
      args: [config],
    },
    {
      title: 'a client CA: its file, and whom it stands for',
      configuration: { settings: {}, client },
      files: ['client-ca.crt'],
      args: [bootstrap, ...callers],
    },
    {
      title: 'both',
      configuration: { settings, client },
      files: ['config.yaml', 'client-ca.crt'],
      args: [bootstrap, config, ...callers],
    },
  ];
  test.each(cases)('$title', ({ configuration, files, args }) => {
    const found = seen(configuration);
    expect(found.files).toEqual(files);
    expect(found.args.filter((arg) => /^--(config|client-|bootstrap)/.test(arg))).toEqual(args);
    const mounted = files.length > 0;
    expect(found.mounts).toEqual(
      mounted ? [{ name: 'config', mountPath: '/etc/imagegate', readOnly: true }] : [],
    );
    expect(found.volumes).toEqual(
      mounted ? [{ name: 'config', configMap: { name: 'imagegate-config' } }] : [],
    );
    expect(found.annotations === undefined).toBe(!mounted);
  });

  test('the checksum is the same for the same, and another for every change', () => {
    const sums = [
      { settings },
      { settings: { unknownKinds: 'allow' } },
      { settings, client },
      { settings, client: { ...client, ca: 'another\n' } },
    ].map((configuration) => seen(configuration).annotations?.['imagegate.dev/config-checksum']);
    expect(new Set(sums).size).toBe(4);
    expect(sums[0]).toMatch(/^[\da-f]{64}$/);
    expect(seen({ settings: { ...settings } }).annotations).toEqual({
      'imagegate.dev/config-checksum': sums[0],
    });
  });

  test('a name that looks like a variable of the kubelet stays that name', () => {
    expect(seen({ settings: {}, client: { ...client, name: '$(POD_NAME)' } }).args).toContain(
      '--client-name=$$(POD_NAME)',
    );
  });
});

describe('a client CA (B38)', () => {
  test('leaves the probes alone: they use the port that asks for no certificate', () => {
    const { container, args } = seen({ settings: {}, client });
    const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
    expect(probes.map((probe) => probe?.httpGet?.port)).toEqual(['admin', 'admin', 'admin']);
    const admin = container.ports?.find(({ name }) => name === 'admin')?.containerPort;
    expect(args).toContain(`--admin=0.0.0.0:${String(admin)}`);
  });

  test('comes with what an API server has to be told, named like the host of the webhooks', () => {
    const { comment } = seen({ settings: {}, client });
    expect(comment).toContain('--admission-control-config-file');
    expect(comment).toContain('kind: WebhookAdmissionConfiguration');
    expect(comment).toContain('    - name: imagegate.gate.svc\n');
    expect(comment).toContain('"kube-apiserver"');
  });

  test('is not talked about without one', () => {
    expect(printManifests(configMap({ settings }, namespace))).not.toMatch(/client|AdmissionConfiguration/i);
  });
});
