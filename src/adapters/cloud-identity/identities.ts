import type { Clock } from '../../concurrency/clock.ts';
import type { CloudIdentity } from '../../evidence/ports.ts';
import { createAcrIdentity, type AcrOptions } from './acr.ts';
import { createAwsKeys, type ContainerIdentity, type WebIdentity } from './aws-keys.ts';
import { createCloudHttp, type CloudHttpOptions } from './cloud-http.ts';
import { createEcrIdentity } from './ecr.ts';
import { createGarIdentity } from './gar.ts';

/** The identities that are switched on, with what each needs. An absent identity is never asked. */
export interface CloudSettings {
  readonly gar?: object;
  readonly acr?: Pick<AcrOptions, 'clientId' | 'tenantId' | 'federatedTokenFile' | 'authorityHost'>;
  readonly ecr?: WebIdentity | ContainerIdentity;
}

interface CloudIdentityOptions extends CloudHttpOptions {
  readonly settings: CloudSettings;
  readonly clock: Pick<Clock, 'now'>;
}

/** Their hosts do not overlap, so their order means nothing. */
export const createCloudIdentities = ({
  settings,
  clock,
  ...options
}: CloudIdentityOptions): readonly CloudIdentity[] => {
  const http = createCloudHttp(options);
  const { gar, acr, ecr } = settings;
  return [
    ...(gar === undefined ? [] : [createGarIdentity({ http, clock })]),
    ...(acr === undefined ? [] : [createAcrIdentity({ http, clock, ...acr })]),
    ...(ecr === undefined
      ? []
      : [createEcrIdentity({ http, clock, keys: createAwsKeys({ http, identity: ecr }) })]),
  ];
};
