import type { WorkloadKind } from '../kinds/workload-kind.ts';
import { customRow, inCluster, template, under, type Family } from './custom-row.ts';

const argo: Family = { group: 'argoproj.io', versions: ['v1alpha1'] };
const openshift: Family = { group: 'apps.openshift.io', versions: ['v1'] };
const keda: Family = { group: 'keda.sh', versions: ['v1alpha1'] };

const kruise: Family = { group: 'apps.kruise.io', versions: ['v1beta1', 'v1alpha1'] };
const unitedTemplates = [
  'statefulSetTemplate',
  'advancedStatefulSetTemplate',
  'cloneSetTemplate',
  'deploymentTemplate',
];
const cronTemplates = ['jobTemplate', 'broadcastJobTemplate'];
const templatesOf = (names: readonly string[]) => ({
  podSpec: under(under(['spec.template'], names), [template.podSpec]),
});

/** Argo Rollouts, OpenShift, OpenKruise, KEDA: kinds that replace Deployments and Jobs. */
export const rolloutKinds: readonly WorkloadKind[] = [
  customRow(argo, 'rollouts', 'Rollout', template), // no template when spec.workloadRef names a Deployment
  customRow(openshift, 'deploymentconfigs', 'DeploymentConfig', template),
  customRow(keda, 'scaledjobs', 'ScaledJob', { podSpec: 'spec.jobTargetRef.template.spec' }),

  customRow(kruise, 'clonesets', 'CloneSet', template),
  customRow(kruise, 'statefulsets', 'StatefulSet', template),
  customRow(kruise, 'daemonsets', 'DaemonSet', template),
  customRow(kruise, 'broadcastjobs', 'BroadcastJob', template),
  customRow(inCluster(kruise), 'sidecarsets', 'SidecarSet', { podSpec: 'spec' }), // containers that it injects into others' Pods
  customRow(kruise, 'advancedcronjobs', 'AdvancedCronJob', templatesOf(cronTemplates)),
  customRow(kruise, 'uniteddeployments', 'UnitedDeployment', templatesOf(unitedTemplates)),
  customRow(kruise, 'imagepulljobs', 'ImagePullJob', { images: ['spec.image'] }),
  customRow(kruise, 'imagelistpulljobs', 'ImageListPullJob', { images: ['spec.images[]'] }),
];
