import type { WorkloadKind } from '../kinds/workload-kind.ts';
import { customRow, inCluster, template, under, type Family } from './custom-row.ts';

const knative: Family = { group: 'serving.knative.dev', versions: ['v1'] };

const inference: Family = { group: 'serving.kserve.io', versions: ['v1beta1'], overlay: true };
const runtimes: Family = { ...inference, versions: ['v1alpha1'] };
/** A predictor is a pod spec that may name its main container by framework. */
const frameworks = [
  'model',
  'sklearn',
  'xgboost',
  'tensorflow',
  'pytorch',
  'triton',
  'onnx',
  'huggingface',
  'pmml',
  'lightgbm',
  'paddle',
];
const explainers = ['art', 'alibi', 'aix'];
const runtimePods = { podSpec: ['spec', 'spec.workerSpec'] };

/** Knative, KServe. */
export const servingKinds: readonly WorkloadKind[] = [
  customRow(knative, 'services', 'Service', template),
  customRow(knative, 'configurations', 'Configuration', template),
  customRow(knative, 'revisions', 'Revision', { podSpec: 'spec' }),

  customRow(inference, 'inferenceservices', 'InferenceService', {
    podSpec: ['spec.predictor', 'spec.predictor.workerSpec', 'spec.transformer', 'spec.explainer'],
    images: [
      ...under(under(['spec.predictor'], frameworks), ['image']),
      ...under(under(['spec.explainer'], explainers), ['image']),
    ],
  }),
  customRow(runtimes, 'servingruntimes', 'ServingRuntime', runtimePods),
  customRow(inCluster(runtimes), 'clusterservingruntimes', 'ClusterServingRuntime', runtimePods),
];
