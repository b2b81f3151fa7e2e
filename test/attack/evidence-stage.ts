import { createRegistry } from '../../src/adapters/registry/client/client.ts';
import { connectSocket } from '../../src/adapters/registry/network/checked-socket.ts';
import { defaultSettings, type RegistrySettings } from '../../src/adapters/registry/settings.ts';
import { createRegistryHttp } from '../../src/adapters/registry/http/transport.ts';
import type { Decision } from '../../src/core/decision/decision.ts';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import { createKeychain } from '../../src/evidence/credential/keychain.ts';
import { createEvidence } from '../../src/evidence/gather.ts';
import { createImageProvider } from '../../src/evidence/image/image-provider.ts';
import type { AdmissionRequest } from '../../src/gate/admission-request.ts';
import type { Mutation } from '../../src/gate/mutation/mutation.ts';
import { secretsInMemory } from '../fakes/credentials.ts';
import { createFakeContentStore } from '../fakes/evidence/evidence-sources.ts';
import { fakeGate, requestFor } from '../fakes/gate.ts';
import {
  startFakeRegistry,
  type FakeRegistry,
  type FakeRegistryOptions,
} from '../fakes/registry/registry.ts';
import { applied } from '../fakes/api-server/json-patch.ts';

export interface StageOptions {
  readonly policies: Readonly<Record<string, object>>;
  /** Rows of the configuration. A host without one has what a host without a row has in the gate itself. */
  readonly rows?: readonly (Partial<RegistrySettings> & Pick<RegistrySettings, 'host'>)[];
  /** Milliseconds for a review; 10,000 unless told. */
  readonly budget?: number;
  /** What DNS says: whoever attacks may own it. */
  readonly dns?: (name: string) => readonly string[];
}

export type Stage = ReturnType<typeof openStage>;

/** The way from the review to the wire, all of it real but policies, Secrets and DNS. */
const openStage = ({ policies, rows = [], dns, budget = 10_000 }: StageOptions) => {
  let passed = 0;
  const clock = { now: () => Date.now() + passed, monotonic: () => performance.now() + passed };
  const settingsOf = (host: string): RegistrySettings => ({
    ...defaultSettings(host),
    ...rows.find((row) => row.host === host),
  });
  const dialled: string[] = [];
  const lookedUp: string[] = [];
  const http = createRegistryHttp({
    settingsOf,
    clock,
    resolve: (name) => {
      lookedUp.push(name);
      const found = dns?.(name) ?? [];
      return found.length > 0
        ? Promise.resolve(found)
        : Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
    },
    openSocket: (addresses, port) => {
      dialled.push(...addresses.map((address) => `${address}:${port}`));
      return connectSocket(addresses, port);
    },
  });
  const secrets = secretsInMemory();
  const configured = { find: async function* () {} };
  const keychain = createKeychain({ pullSecrets: secrets, configured, cloud: [], clock });
  const content = createFakeContentStore();
  const evidence = createEvidence({
    registry: createRegistry({ http, settingsOf, clock }),
    keychain,
    content,
    clock,
    providers: [createImageProvider],
  });
  const gate = fakeGate({ policies, evidence, budget });

  /** Both doors, as the API server opens them. @returns what was decided, and what would be stored */
  const send = async (
    object: JsonObject,
    more: Partial<AdmissionRequest> = {},
    between: () => void | Promise<void> = () => {},
  ): Promise<{ readonly decision: Decision; readonly stored: JsonObject; readonly mutation: Mutation }> => {
    const request = requestFor(object, more);
    const mutation = await gate.mutate(request);
    const stored = applied(object, mutation);
    await between();
    return { decision: await gate.admit({ ...request, object: stored }), stored, mutation };
  };
  return {
    gate,
    send,
    secrets,
    evidence,
    /** Addresses that a connection was opened to, `ip:port`. */
    dialled,
    /** Names that DNS was asked for. */
    lookedUp,
    advance: (milliseconds: number): void => {
      passed += milliseconds;
    },
    close: () => http.close(),
  };
};

/** The image text of the first container. */
export const firstImage = (object: JsonObject): string => {
  const { containers } = object['spec'] as unknown as { containers: readonly { image: string }[] };
  return containers[0]?.image ?? '';
};

/** Nobody is root, and Pods are pinned. */
export const nonRoot = { checks: [{ digest: { pin: true } }, { image: { user: 'NonRoot' } }] };

const closing: (() => Promise<void>)[] = [];
/** After each test. */
export const closeAll = async (): Promise<void> => {
  for (const close of closing.splice(0).toReversed()) await close();
};
export const startRegistry = async (options: FakeRegistryOptions = {}): Promise<FakeRegistry> => {
  const registry = await startFakeRegistry(options);
  closing.push(() => registry.close());
  return registry;
};
export const open = (options: StageOptions): Stage => {
  const stage = openStage(options);
  closing.push(() => stage.close());
  return stage;
};
/** The row with which a registry of a test may be asked at all. */
export const rowOf = ({ host }: FakeRegistry) => ({ host, plainHttp: true, allowPrivateAddress: true });
export const codesOf = ({ findings }: Pick<Decision, 'findings'>): readonly string[] =>
  findings.map(({ code }) => code);
