import { endOfLifeRows } from '../advisories/end-of-life-rows.ts';
import { feedRows } from '../advisories/feed-rows.ts';
import { define } from './definition.ts';
import { registryEventRows, registryDefaults, registryRows } from '../registries/registry-rows.ts';
import { defaultScan, scanBounds } from '../values/scan-bounds.ts';
import { choices, optional, shapes } from '../values/shape.ts';

/** Settings of how registries are asked about images. */
export const evidenceDefinitions = {
  registries: define({
    shape: registryRows,
    fallback: [],
    description:
      'How registries are reached that need more than the defaults. In the configuration file only.',
    example: '[{ host: registry.example.com, caFile: ./registry-ca.crt }]',
  }),
  registryDefaults: define({
    shape: registryDefaults,
    fallback: {},
    description:
      'What holds for every registry, with a row or without: caFile. In the configuration file only.',
    example: '{ caFile: ./corporate-ca.crt }',
  }),
  registryEvents: define({
    shape: registryEventRows,
    fallback: [],
    description: 'Who may tell the gate of pushed images. In the configuration file only.',
    example: '[{ source: harbor, format: harbor, tokenFile: ./harbor-token, hosts: [registry.example.com] }]',
  }),
  advisories: define({
    shape: feedRows,
    fallback: [],
    description: 'Feeds of published advisories about packages. In the configuration file only.',
    example: '[{ name: osv, format: osv, url: osv.dev, ecosystems: [npm, Debian] }]',
  }),
  endOfLife: define({
    shape: endOfLifeRows,
    fallback: [],
    description:
      'Until when somebody publishes fixes for releases of distributions, where it is another day than the one for everybody. In the configuration file only.',
    example: '[{ ecosystem: "Debian:11", until: 2031-06-30 }]',
  }),
  scan: define({
    shape: scanBounds,
    fallback: defaultScan,
    description:
      'How many images the gate looks into at one time, and how far into each. In the configuration file only.',
    example: '{ atOnce: 2, time: 5m, bytes: 4GiB, unpacked: 16GiB }',
  }),
  cloudIdentities: define({
    shape: choices('gar', 'acr', 'ecr'),
    fallback: [],
    description:
      'Clouds whose identity of this process may pull: each asks a metadata or token service of that cloud.',
    example: 'ecr',
  }),
  evidenceCache: define({
    shape: shapes.sizeOrNone,
    fallback: 512 * 2 ** 20,
    description: 'Manifests and image configurations that are kept on disk under --data; 0 keeps none.',
    example: '2GiB',
  }),
  evidenceMemory: define({
    shape: shapes.size,
    fallback: 64 * 2 ** 20,
    description: 'Manifests and image configurations that are kept in memory.',
    example: '128MiB',
  }),
  httpsProxy: define({
    shape: optional(shapes.proxy),
    fallback: undefined,
    description: 'Proxy for https; user and password are never shown.',
    example: 'http://proxy.example.com:3128',
    conventional: ['https_proxy', 'HTTPS_PROXY'],
  }),
  // HTTP_PROXY in upper case is an attacker's header under CGI ("httpoxy", CVE-2016-5385). This is no CGI program.
  httpProxy: define({
    shape: optional(shapes.proxy),
    fallback: undefined,
    description: 'Proxy for plain http; user and password are never shown.',
    example: 'http://proxy.example.com:3128',
    conventional: ['http_proxy', 'HTTP_PROXY'],
  }),
  noProxy: define({
    shape: shapes.noProxy,
    fallback: [],
    description: 'Hosts that are reached without a proxy.',
    example: '.example.com,10.0.0.0/8',
    conventional: ['no_proxy', 'NO_PROXY'],
  }),
} as const;
