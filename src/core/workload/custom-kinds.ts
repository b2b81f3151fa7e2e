import type { WorkloadKind } from './workload-kind.ts';

interface Family {
  readonly group: string;
  readonly versions: readonly string[];
  readonly placeholder?: string;
}

const custom = (
  family: Family,
  resource: string,
  kind: string,
  where: { readonly podSpec: string } | { readonly images: readonly string[] },
): WorkloadKind => ({
  ...family,
  resource,
  kind,
  ...where,
  podSpecOptional: true,
  imageRequired: false,
  unnamedContainers: true,
});

const template = { podSpec: 'spec.template.spec' };
const under = (prefixes: readonly string[], paths: readonly string[]): readonly string[] =>
  prefixes.flatMap((prefix) => paths.map((path) => `${prefix}.${path}`));

const imageVolume = 'volumes[].image.reference';
const podSpecImages = [
  'containers[].image',
  'initContainers[].image',
  'ephemeralContainers[].image',
  imageVolume,
];

const argo: Family = { group: 'argoproj.io', versions: ['v1alpha1'] };

// A Tekton task is a pod in its own words; its podTemplate holds no containers but may hold image volumes.
const tekton: Family = { group: 'tekton.dev', versions: ['v1', 'v1beta1'], placeholder: '$(…)' };
const tektonSteps: Family = { ...tekton, versions: ['v1beta1', 'v1alpha1'] };
const taskImages = ['steps[].image', 'sidecars[].image', 'stepTemplate.image', imageVolume];
const pipelineTasks = ['tasks[].taskSpec', 'finally[].taskSpec'];
const pipelineImages = under(pipelineTasks, taskImages);
const pipelineRunPods = [
  'spec.podTemplate',
  'spec.taskRunTemplate.podTemplate',
  'spec.taskRunSpecs[].podTemplate',
  'spec.taskRunSpecs[].taskPodTemplate',
];

const knative: Family = { group: 'serving.knative.dev', versions: ['v1'] };

const kubevirt: Family = { group: 'kubevirt.io', versions: ['v1', 'v1alpha3'] };
const machinePool: Family = { group: 'pool.kubevirt.io', versions: ['v1beta1', 'v1alpha1'] };
const machineImages = ['volumes[].containerDisk.image', 'domain.firmware.kernelBoot.container.image'];

const openshift: Family = { group: 'apps.openshift.io', versions: ['v1'] };

const kruise: Family = { group: 'apps.kruise.io', versions: ['v1beta1', 'v1alpha1'] };
const unitedTemplates = [
  'spec.template.statefulSetTemplate.spec.template.spec',
  'spec.template.advancedStatefulSetTemplate.spec.template.spec',
  'spec.template.cloneSetTemplate.spec.template.spec',
  'spec.template.deploymentTemplate.spec.template.spec',
];
const cronTemplates = [
  'spec.template.jobTemplate.spec.template.spec',
  'spec.template.broadcastJobTemplate.spec.template.spec',
];

/**
 * The custom kinds that ship with the gate. Each ends in Pods, which are judged again: these rows give early feedback
 * and keep a bad template out of the cluster. Sources: test/fixtures/workloads/SOURCE.md.
 */
export const customWorkloads: readonly WorkloadKind[] = [
  custom(argo, 'rollouts', 'Rollout', template), // no template when spec.workloadRef names a Deployment

  custom(tekton, 'tasks', 'Task', { images: under(['spec'], taskImages) }),
  {
    ...custom(tekton, 'clustertasks', 'ClusterTask', { images: under(['spec'], taskImages) }),
    scope: 'Cluster',
  },
  custom(tekton, 'taskruns', 'TaskRun', {
    images: [...under(['spec.taskSpec'], taskImages), ...under(['spec.podTemplate'], [imageVolume])],
  }),
  custom(tekton, 'pipelines', 'Pipeline', { images: under(['spec'], pipelineImages) }),
  custom(tekton, 'pipelineruns', 'PipelineRun', {
    images: [...under(['spec.pipelineSpec'], pipelineImages), ...under(pipelineRunPods, [imageVolume])],
  }),
  custom(tektonSteps, 'stepactions', 'StepAction', { images: ['spec.image'] }),

  custom(knative, 'services', 'Service', template),
  custom(knative, 'configurations', 'Configuration', template),
  custom(knative, 'revisions', 'Revision', { podSpec: 'spec' }),

  custom(kubevirt, 'virtualmachines', 'VirtualMachine', {
    images: under(['spec.template.spec'], machineImages),
  }),
  custom(kubevirt, 'virtualmachineinstances', 'VirtualMachineInstance', {
    images: under(['spec'], machineImages),
  }),
  custom(kubevirt, 'virtualmachineinstancereplicasets', 'VirtualMachineInstanceReplicaSet', {
    images: under(['spec.template.spec'], machineImages),
  }),
  custom(machinePool, 'virtualmachinepools', 'VirtualMachinePool', {
    images: under(['spec.virtualMachineTemplate.spec.template.spec'], machineImages),
  }),

  custom(openshift, 'deploymentconfigs', 'DeploymentConfig', template),

  custom(kruise, 'clonesets', 'CloneSet', template),
  custom(kruise, 'statefulsets', 'StatefulSet', template),
  custom(kruise, 'daemonsets', 'DaemonSet', template),
  custom(kruise, 'broadcastjobs', 'BroadcastJob', template),
  { ...custom(kruise, 'sidecarsets', 'SidecarSet', { podSpec: 'spec' }), scope: 'Cluster' }, // containers that it injects into others' Pods
  custom(kruise, 'advancedcronjobs', 'AdvancedCronJob', { images: under(cronTemplates, podSpecImages) }),
  custom(kruise, 'uniteddeployments', 'UnitedDeployment', { images: under(unitedTemplates, podSpecImages) }),
  custom(kruise, 'imagepulljobs', 'ImagePullJob', { images: ['spec.image'] }),
  custom(kruise, 'imagelistpulljobs', 'ImageListPullJob', { images: ['spec.images[]'] }),
];
