import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { createWorkloadTable } from '../core/workload/kinds/kinds.ts';
import { inClusterManifests, inClusterWebhooks, outOfClusterManifests } from './installation.ts';
import type { KubernetesObject } from './manifest.ts';
import type { PullSecretAccess } from './pull-secret-access.ts';
import { printRemoval } from './removal.ts';

const namespace = 'gate-system';
const image = `registry.example.com/imagegate@sha256:${'a'.repeat(64)}`;
const webhooks = { caBundle: 'PEM', workloads: createWorkloadTable([]).all, bootstrapNamespaces: [] };
const inside = (pullSecrets: PullSecretAccess) => [
  ...inClusterManifests({ image, namespace, bootstrapNamespaces: [], pullSecrets }),
  ...inClusterWebhooks({ ...webhooks, namespace }),
];
const outside = (pullSecrets: PullSecretAccess) =>
  outOfClusterManifests({ ...webhooks, url: 'https://gate.example.com', pullSecrets });

const commandsOf = (text: string): readonly string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
/** Whether the command deletes the object. */
const deletes = (
  command: string,
  { kind, metadata: { name, namespace: where } }: KubernetesObject,
): boolean => {
  const [, kinds = '', what = ''] = /delete (\S+) (.*) --ignore-not-found$/.exec(command) ?? [];
  if (kinds === 'namespace') return what === where || (kind === 'Namespace' && what === name);
  if (![kind.toLowerCase(), `${kind.toLowerCase()}s`].includes(kinds)) return false;
  return what === name || what === `--all-namespaces --field-selector=metadata.name=${name}`;
};
const at = (text: string, kind: string): number =>
  commandsOf(text).findIndex((command) => command.includes(` delete ${kind}`));

describe('the way out', () => {
  test.each([
    ['inside', inside('none'), namespace],
    ['inside, with all pull secrets', inside('all'), namespace],
    ['inside, with pull secrets of some namespaces', inside(['shop', 'bank']), namespace],
    ['outside', outside('none'), undefined],
    ['outside, with all pull secrets', outside('all'), undefined],
    ['outside, with pull secrets of some namespaces', outside(['shop', 'bank']), undefined],
  ])('of a gate %s leaves nothing of what was printed for it', (_title, manifests, where) => {
    const commands = commandsOf(printRemoval({ namespace: where }));
    const left = manifests.filter(({ object }) => !commands.some((command) => deletes(command, object)));
    expect(left.map(({ object }) => `${object.kind}/${object.metadata.name}`)).toEqual([]);
  });

  test.each([
    ['what pins', 'mutatingwebhookconfiguration', 'validatingwebhookconfiguration'],
    ['what refuses', 'validatingwebhookconfiguration', 'validatingadmissionpolicybinding'],
    ['the binding of the fence', 'validatingadmissionpolicybinding', 'validatingadmissionpolicy '],
    ['the fence', 'validatingadmissionpolicy ', 'clusterrolebinding'],
    ['rights', 'roles', 'customresourcedefinition'],
    ['the definition', 'customresourcedefinition', 'namespace'],
  ])('%s goes before what comes after it', (_title, first, second) => {
    const text = printRemoval({ namespace });
    expect(at(text, first)).toBeGreaterThanOrEqual(0);
    expect(at(text, first)).toBeLessThan(at(text, second));
  });

  test('the policies go with their definition: the line before it says so', () => {
    const lines = printRemoval({ namespace }).split('\n');
    const line = lines.findIndex((text) => text.includes('customresourcedefinition'));
    expect(lines[line - 1]).toMatch(
      /^# WARNING: every ImagePolicy and every TrustRoot .* kubectl get imagepolicies\.imagegate\.dev,trustroots\.imagegate\.dev -o yaml/,
    );
  });

  test('they are written to a file from the cluster that they are deleted in, and from no other', () => {
    const context = 'the other one';
    const lines = printRemoval({ namespace, kubeconfig: 'k', context }).split('\n');
    const kept = lines.find((text) => text.includes('> imagegate.yaml'));
    expect(kept).toContain(
      `kubectl --kubeconfig=k --context='the other one' get imagepolicies.imagegate.dev,trustroots.imagegate.dev`,
    );
  });

  test('no namespace is deleted for a gate outside of the cluster', () => {
    expect(printRemoval({})).not.toMatch(/delete namespace/);
  });

  test('names of files and contexts are words of a shell, whatever stands in them', () => {
    const context = `it's; rm -rf $HOME`;
    const text = printRemoval({ namespace, kubeconfig: '/etc/kube config', context });
    const [first = ''] = commandsOf(text);
    const words = execFileSync('sh', ['-c', first.replace(/^kubectl/, String.raw`printf '%s\n'`)], {
      encoding: 'utf8',
    });
    expect(words.split('\n').slice(0, 2)).toEqual(['--kubeconfig=/etc/kube config', `--context=${context}`]);
  });
});
