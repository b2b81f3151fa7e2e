import type { DoorSettings } from '../../src/serve/cluster/constraint-doors.ts';
import type { Config } from '../../src/config/resolved.ts';

const origin = { kind: 'default' } as const;

type Settings = DoorSettings & Pick<Config, 'gatekeeperNamespace'>;
type Values = { readonly [Key in keyof Settings]: Settings[Key]['value'] };

/** The settings that have to do with constraints of a cluster. */
export const constraintSettings = (given: Partial<Values> = {}): Settings => {
  const values: Values = {
    constraints: 'enforce',
    constraintsFailure: 'Fail',
    constraintOperations: ['CREATE', 'UPDATE'],
    gatekeeperNamespace: 'gatekeeper-system',
    webhookName: 'validate.imagegate.dev',
    bootstrapNamespaces: ['kube-system'],
    namespace: 'imagegate-system',
    listen: { host: '127.0.0.1', port: 8443 },
    workloads: [],
    ...given,
  };
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, { value, origin }]),
  ) as unknown as Settings;
};
