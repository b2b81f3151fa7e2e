import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clearGate } from '../harness/gate.ts';
import { imagegate } from '../harness/imagegate.ts';
import { gateNamespace, gateImage, removeOwnNamespace } from '../harness/own-namespace.ts';
import { sharedCluster } from '../harness/shared-cluster.ts';

const gateAccount = `system:serviceaccount:${gateNamespace}:imagegate`;

/** Least privilege, asked of the API server itself. */
describe('the service account of the gate', () => {
  const cluster = sharedCluster();
  beforeAll(async () => {
    await clearGate(cluster);
    const printed = await imagegate(['manifests', '--image', gateImage, '--namespace', gateNamespace]);
    await cluster.must(['apply', '-f', '-'], { input: printed.stdout });
  });
  afterAll(async () => {
    await clearGate(cluster);
    await removeOwnNamespace(cluster);
  });

  const allowedRequests = [
    'list namespaces',
    'watch namespaces',
    'list imagepolicies.imagegate.dev',
    'watch imagepolicies.imagegate.dev',
    'patch imagepolicies.imagegate.dev --subresource=status',
    'list trustroots.imagegate.dev',
    'watch trustroots.imagegate.dev',
    'patch trustroots.imagegate.dev --subresource=status',
    'watch validatingwebhookconfigurations.admissionregistration.k8s.io/imagegate',
    'patch validatingwebhookconfigurations.admissionregistration.k8s.io/imagegate',
    'watch mutatingwebhookconfigurations.admissionregistration.k8s.io/imagegate',
    'patch mutatingwebhookconfigurations.admissionregistration.k8s.io/imagegate',
    `create events -n default`,
    `create leases.coordination.k8s.io -n ${gateNamespace}`,
    `update leases.coordination.k8s.io/imagegate -n ${gateNamespace}`,
    `create secrets -n ${gateNamespace}`,
    `get secrets/imagegate-ca -n ${gateNamespace}`,
  ];
  const refusedRequests = [
    'create pods -n default',
    'list pods -n default',
    'create pods/exec -n default',
    'list secrets -n default',
    `list secrets -n ${gateNamespace}`,
    `get secrets/another -n ${gateNamespace}`,
    'get secrets/imagegate-ca -n default',
    'create imagepolicies.imagegate.dev',
    'patch imagepolicies.imagegate.dev',
    'delete imagepolicies.imagegate.dev',
    'create trustroots.imagegate.dev',
    'patch trustroots.imagegate.dev',
    'delete trustroots.imagegate.dev',
    'patch namespaces',
    'create validatingwebhookconfigurations.admissionregistration.k8s.io',
    'delete validatingwebhookconfigurations.admissionregistration.k8s.io',
    'patch validatingwebhookconfigurations.admissionregistration.k8s.io/another',
    'create mutatingwebhookconfigurations.admissionregistration.k8s.io',
    'delete mutatingwebhookconfigurations.admissionregistration.k8s.io',
    'patch mutatingwebhookconfigurations.admissionregistration.k8s.io/another',
    'patch validatingadmissionpolicies.admissionregistration.k8s.io',
    'create clusterrolebindings.rbac.authorization.k8s.io',
    'escalate clusterroles.rbac.authorization.k8s.io',
    'bind clusterroles.rbac.authorization.k8s.io',
    'impersonate users',
    'create serviceaccounts/token',
    `patch deployments.apps -n ${gateNamespace}`,
    `update leases.coordination.k8s.io/another -n ${gateNamespace}`,
    "'*' '*'",
  ];
  it.each([
    ...allowedRequests.map((right) => ({ right, may: 'yes' })),
    ...refusedRequests.map((right) => ({ right, may: 'no' })),
  ])('may $right: $may (B27)', async ({ right, may }) => {
    const words = right.split(' ').map((word) => word.replaceAll("'", ''));
    const { stdout } = await cluster.run(['auth', 'can-i', `--as=${gateAccount}`, ...words]);
    expect(stdout.trim()).toBe(may);
  });
});
