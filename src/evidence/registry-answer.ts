import type { RegistryAnswer, RegistryFailure } from './ports.ts';

/** The answer of a registry that could not be asked, or that gave nothing usable. */
export const unavailableBy = (failure: RegistryFailure): RegistryAnswer<never> => ({
  state: 'unavailable',
  failure,
});
