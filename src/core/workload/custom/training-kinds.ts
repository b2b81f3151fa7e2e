import type { WorkloadKind } from '../kinds/workload-kind.ts';
import { customRow, inCluster, under, type Family } from './custom-row.ts';

const kubeflow: Family = { group: 'kubeflow.org', versions: ['v1'] };
const replicas = (field: string) => ({ podSpec: `spec.${field}.*.template.spec` });

const trainer: Family = { group: 'trainer.kubeflow.org', versions: ['v1alpha1'] };
const jobset: Family = { group: 'jobset.x-k8s.io', versions: ['v1alpha2'] };
const replicatedJobs = 'replicatedJobs[].template.spec.template.spec';

const leaderWorker: Family = { group: 'leaderworkerset.x-k8s.io', versions: ['v1'] };
const volcano: Family = { group: 'batch.volcano.sh', versions: ['v1alpha1'] };

const ray: Family = { group: 'ray.io', versions: ['v1', 'v1alpha1'] };
const rayPods = ['headGroupSpec.template.spec', 'workerGroupSpecs[].template.spec'];
const rayCluster = (prefix: string, ...more: readonly string[]) => ({
  podSpec: [...under([prefix], rayPods), ...more],
  images: [`${prefix}.autoscalerOptions.image`],
});

const spark: Family = { group: 'sparkoperator.k8s.io', versions: ['v1beta2'], overlay: true };
// Driver and executor have init containers and a service account like a pod spec, and an image of their own.
const sparkPods = ['driver', 'executor'];
const sparkPlaces = (spec: string) => ({
  podSpec: [spec, ...under([spec], sparkPods), ...under(under([spec], sparkPods), ['template.spec'])],
  images: [`${spec}.image`, ...under(under([spec], sparkPods), ['image', 'sidecars[].image'])],
});

/** Kubeflow, JobSet, LeaderWorkerSet, Volcano, Ray, Spark: jobs that are computed by many Pods. */
export const trainingKinds: readonly WorkloadKind[] = [
  customRow(kubeflow, 'pytorchjobs', 'PyTorchJob', replicas('pytorchReplicaSpecs')),
  customRow(kubeflow, 'tfjobs', 'TFJob', replicas('tfReplicaSpecs')),
  customRow({ ...kubeflow, versions: ['v1', 'v2beta1'] }, 'mpijobs', 'MPIJob', replicas('mpiReplicaSpecs')),
  customRow(kubeflow, 'xgboostjobs', 'XGBoostJob', replicas('xgbReplicaSpecs')),
  customRow(kubeflow, 'paddlejobs', 'PaddleJob', replicas('paddleReplicaSpecs')),
  customRow(kubeflow, 'jaxjobs', 'JAXJob', replicas('jaxReplicaSpecs')),
  customRow(kubeflow, 'mxjobs', 'MXJob', replicas('mxReplicaSpecs')),
  customRow(trainer, 'trainjobs', 'TrainJob', { images: ['spec.trainer.image'] }),
  customRow(trainer, 'trainingruntimes', 'TrainingRuntime', {
    podSpec: `spec.template.spec.${replicatedJobs}`,
  }),
  customRow(inCluster(trainer), 'clustertrainingruntimes', 'ClusterTrainingRuntime', {
    podSpec: `spec.template.spec.${replicatedJobs}`,
  }),
  customRow(jobset, 'jobsets', 'JobSet', { podSpec: `spec.${replicatedJobs}` }),
  customRow(leaderWorker, 'leaderworkersets', 'LeaderWorkerSet', {
    podSpec: under(['spec.leaderWorkerTemplate'], ['leaderTemplate.spec', 'workerTemplate.spec']),
  }),
  customRow(volcano, 'jobs', 'Job', { podSpec: 'spec.tasks[].template.spec' }),

  customRow(ray, 'rayclusters', 'RayCluster', rayCluster('spec')),
  customRow(ray, 'rayjobs', 'RayJob', rayCluster('spec.rayClusterSpec', 'spec.submitterPodTemplate.spec')),
  customRow(ray, 'rayservices', 'RayService', rayCluster('spec.rayClusterConfig')),
  customRow(
    { ...ray, versions: ['v1'] },
    'raycronjobs',
    'RayCronJob',
    rayCluster('spec.jobTemplate.rayClusterSpec', 'spec.jobTemplate.submitterPodTemplate.spec'),
  ),

  customRow(spark, 'sparkapplications', 'SparkApplication', sparkPlaces('spec')),
  customRow(spark, 'scheduledsparkapplications', 'ScheduledSparkApplication', sparkPlaces('spec.template')),
  customRow({ ...spark, versions: ['v1alpha1'] }, 'sparkconnects', 'SparkConnect', {
    podSpec: under(['spec'], ['server.template.spec', 'executor.template.spec']),
    images: ['spec.image'],
  }),
];
