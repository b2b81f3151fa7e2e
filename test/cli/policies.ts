import { folderWith } from './imagegate.ts';

/** A policy as the text of a file (JSON is YAML). */
export const policyText = (name: string, spec: object): string =>
  JSON.stringify({ apiVersion: 'imagegate.dev/v1alpha1', kind: 'ImagePolicy', metadata: { name }, spec });

const registries = { checks: [{ registries: { allow: ['registry.example.com/**'] } }] };

/** Only registry.example.com is allowed, in the mode that is asked for. */
export const trusting = (mode: 'Deny' | 'Warn' | 'Audit' = 'Deny'): string =>
  policyText('trusted', { mode, ...registries });

/** As `trusting`, in the namespaces labelled `env: prod` alone. */
export const selective = policyText('production', {
  ...registries,
  match: { namespaceSelector: { matchLabels: { env: 'prod' } } },
});

/** A folder with one policy file. */
export const policyFolder = (text: string = trusting()): string => folderWith({ 'policy.json': text });

export const trusted = 'registry.example.com/shop/web:1.4.2';
export const foreign = 'evil.example.org/shop/web:1.4.2';

export const pod = (name: string, image: string, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'app', image }] },
});
export const podText = (name: string, image: string, metadata: object = {}): string =>
  JSON.stringify(pod(name, image, metadata));
