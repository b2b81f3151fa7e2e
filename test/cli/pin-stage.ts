import { beforeAll } from 'vitest';
import { image } from '../fakes/registry/registry-content.ts';
import type { Ended } from './imagegate.ts';
import { policyFolder, policyText } from './policies.ts';
import { stageRegistry, type RegistryStage } from './registry-stage.ts';

export const web = image({ user: '1000' });
export const cache = image({ user: '999' });

/** Every image has to have a digest. */
export const strict = policyFolder(policyText('strict', { checks: [{ digest: { require: true } }] }));

export interface PinStage {
  /** Known from the first test on. */
  readonly registry: RegistryStage;
  readonly pin: (args: readonly string[], input?: string) => Promise<Ended>;
}

/** A registry with two images, and `check manifest --pin` beside it. */
export const stagePins = (): PinStage => {
  let running: RegistryStage | undefined;
  beforeAll(async () => {
    running = await stageRegistry();
    running.registry.push('team/web', web, 'v1', 'latest');
    running.registry.push('team/cache', cache, '7');
  });
  const stage = (): RegistryStage => {
    if (running === undefined) throw new Error('the registry is started before the first test');
    return running;
  };
  return {
    get registry() {
      return stage();
    },
    pin: (args, input) =>
      stage().run(
        ['check', 'manifest', '--pin', ...args, '--policies', strict, ...stage().config],
        input === undefined ? {} : { input },
      ),
  };
};
