import type { BenchPlan } from './bench-plan.ts';
import { measureAttacked } from './evidence-attacked.ts';
import { measureBurst } from './evidence-burst.ts';
import { measureCold } from './evidence-cold.ts';
import { measureDigests, measureFaults } from './evidence-memory.ts';
import type { Part } from './evidence-part.ts';
import type { RegistryOrders } from './evidence-registry.ts';
import { startRegistries } from './evidence-stage.ts';
import { measureWarm } from './evidence-warm.ts';
import { measureSignatureBurst, measureSignatureCold } from './signatures.ts';
import {
  measureSignatureBeside,
  measureSignatureCrowd,
  measureSignatureJunk,
  measureSignatureMemory,
  measureSignatureWarm,
} from './signature-load.ts';
import { worstPodMeasurements } from './worst-pod.ts';

const withRegistries =
  (measure: (plan: BenchPlan, registries: Part<RegistryOrders>) => Promise<void>) =>
  async (plan: BenchPlan): Promise<void> => {
    const registries = startRegistries();
    try {
      await measure(plan, registries);
    } finally {
      await registries.stop();
    }
  };

/** What looking at registries costs, each figure against registries of its own. */
export const evidenceMeasurements = {
  'evidence-cold': withRegistries(measureCold),
  'evidence-burst': withRegistries(measureBurst),
  'evidence-attacked': withRegistries(measureAttacked),
  'evidence-warm': withRegistries(measureWarm),
  'evidence-digests': withRegistries(measureDigests),
  'evidence-signature-cold': withRegistries(measureSignatureCold),
  'evidence-signature-burst': withRegistries(measureSignatureBurst),
  'evidence-signature-warm': withRegistries(measureSignatureWarm),
  'evidence-signature-crowd': withRegistries(measureSignatureCrowd),
  'evidence-signature-junk': withRegistries(measureSignatureJunk),
  'evidence-signature-beside': withRegistries(measureSignatureBeside),
  'evidence-signature-memory': withRegistries(measureSignatureMemory),
  'evidence-faults': withRegistries(measureFaults),
  ...Object.fromEntries(
    Object.entries(worstPodMeasurements).map(([name, measure]) => [name, withRegistries(measure)]),
  ),
} as const;
