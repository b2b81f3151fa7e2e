import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clearGate } from '../harness/gate.ts';
import { imagegate } from '../harness/imagegate.ts';
import { NAMESPACE, OWN_IMAGE, removeOwnNamespace } from '../harness/own-namespace.ts';
import { sharedCluster } from '../harness/shared-cluster.ts';

const ACCOUNT = `system:serviceaccount:${NAMESPACE}:imagegate`;

/** Least privilege, asked of the API server itself. */
describe('the service account of the gate', () => {
  const cluster = sharedCluster();
  beforeAll(async () => {
    await clearGate(cluster);
    const printed = await imagegate(['manifests', '--image', OWN_IMAGE, '--namespace', NAMESPACE]);
    await cluster.must(['apply', '-f', '-'], { input: printed.stdout });
  });
  afterAll(async () => {
    await clearGate(cluster);
    await removeOwnNamespace(cluster);
  });

  const MAY = [
    'list namespaces',
    'watch namespaces',
    'list imagepolicies.imagegate.dev',
    'watch imagepolicies.imagegate.dev',
    'patch imagepolicies.imagegate.dev --subresource=status',
    'watch validatingwebhookconfigurations.admissionregistration.k8s.io/imagegate',
    'patch validatingwebhookconfigurations.admissionregistration.k8s.io/imagegate',
    'watch mutatingwebhookconfigurations.admissionregistration.k8s.io/imagegate',
    'patch mutatingwebhookconfigurations.admissionregistration.k8s.io/imagegate',
    `create events -n default`,
    `create leases.coordination.k8s.io -n ${NAMESPACE}`,
    `update leases.coordination.k8s.io/imagegate -n ${NAMESPACE}`,
    `create secrets -n ${NAMESPACE}`,
    `get secrets/imagegate-ca -n ${NAMESPACE}`,
  ];
  const MAY_NOT = [
    'create pods -n default',
    'list pods -n default',
    'create pods/exec -n default',
    'list secrets -n default',
    `list secrets -n ${NAMESPACE}`,
    `get secrets/another -n ${NAMESPACE}`,
    'get secrets/imagegate-ca -n default',
    'create imagepolicies.imagegate.dev',
    'patch imagepolicies.imagegate.dev',
    'delete imagepolicies.imagegate.dev',
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
    `patch deployments.apps -n ${NAMESPACE}`,
    `update leases.coordination.k8s.io/another -n ${NAMESPACE}`,
    "'*' '*'",
  ];
  it.each([
    ...MAY.map((right) => ({ right, may: 'yes' })),
    ...MAY_NOT.map((right) => ({ right, may: 'no' })),
  ])('may $right: $may (B27)', async ({ right, may }) => {
    const words = right.split(' ').map((word) => word.replaceAll("'", ''));
    const { stdout } = await cluster.run(['auth', 'can-i', `--as=${ACCOUNT}`, ...words]);
    expect(stdout.trim()).toBe(may);
  });
});
