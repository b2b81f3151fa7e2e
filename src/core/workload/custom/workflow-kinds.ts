import type { WorkloadKind } from '../kinds/workload-kind.ts';
import { customRow, inCluster, under, type Family } from './custom-row.ts';

const imageVolume = 'volumes[].image.reference';

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

const argo: Family = { group: 'argoproj.io', versions: ['v1alpha1'], placeholder: '{{…}}' };
// An Argo template has init containers, volumes and a service account like a pod spec, and containers in its own words.
const argoTemplates = [
  'templates[]',
  'templateDefaults',
  'templates[].steps[][].inline',
  'templates[].dag.tasks[].inline',
];
const argoImages = ['container.image', 'script.image', 'containerSet.containers[].image', 'sidecars[].image'];
const argoPlaces = (spec: string): Pick<WorkloadKind, 'podSpec' | 'images'> => ({
  podSpec: [spec, ...under([spec], argoTemplates)],
  images: under(under([spec], argoTemplates), argoImages),
});

/** Argo Workflows, Tekton. */
export const workflowKinds: readonly WorkloadKind[] = [
  customRow(argo, 'workflows', 'Workflow', argoPlaces('spec')),
  customRow(argo, 'workflowtemplates', 'WorkflowTemplate', argoPlaces('spec')),
  customRow(inCluster(argo), 'clusterworkflowtemplates', 'ClusterWorkflowTemplate', argoPlaces('spec')),
  customRow(argo, 'cronworkflows', 'CronWorkflow', argoPlaces('spec.workflowSpec')),

  customRow(tekton, 'tasks', 'Task', { images: under(['spec'], taskImages) }),
  customRow(inCluster(tekton), 'clustertasks', 'ClusterTask', { images: under(['spec'], taskImages) }),
  customRow(tekton, 'taskruns', 'TaskRun', {
    images: [...under(['spec.taskSpec'], taskImages), ...under(['spec.podTemplate'], [imageVolume])],
  }),
  customRow(tekton, 'pipelines', 'Pipeline', { images: under(['spec'], pipelineImages) }),
  customRow(tekton, 'pipelineruns', 'PipelineRun', {
    images: [...under(['spec.pipelineSpec'], pipelineImages), ...under(pipelineRunPods, [imageVolume])],
  }),
  customRow(tektonSteps, 'stepactions', 'StepAction', { images: ['spec.image'] }),
];
