import type { WorkloadKind } from '../kinds/workload-kind.ts';
import { customRow, inCluster, under, type Family } from './custom-row.ts';

// The spec holds containers, init containers, volumes and pull secrets as a pod spec does.
const monitoring: Family = { group: 'monitoring.coreos.com', versions: ['v1'], overlay: true };
const monitored = (...images: readonly string[]) => ({ podSpec: 'spec', images: ['spec.image', ...images] });

const packages: Family = inCluster({ group: 'pkg.crossplane.io', versions: ['v1'], overlay: true });
const functions: Family = { ...packages, versions: ['v1', 'v1beta1'] };
const packaged = { images: ['spec.package'] };
const revision = { images: ['spec.image'] };

const kubevirt: Family = { group: 'kubevirt.io', versions: ['v1', 'v1alpha3'] };
const machinePool: Family = { group: 'pool.kubevirt.io', versions: ['v1beta1', 'v1alpha1'] };
const importer: Family = { group: 'cdi.kubevirt.io', versions: ['v1beta1'] };
const machineImages = ['volumes[].containerDisk.image', 'domain.firmware.kernelBoot.container.image'];
const diskUrl = 'spec.source.registry.url';
const machine = (spec: string) => ({
  images: under([`${spec}.template.spec`], machineImages),
  imageUrls: [`${spec}.dataVolumeTemplates[].${diskUrl}`],
});

/** Prometheus, Crossplane, KubeVirt: what runs beside or below other workloads. */
export const operationsKinds: readonly WorkloadKind[] = [
  customRow(monitoring, 'prometheuses', 'Prometheus', monitored('spec.thanos.image')),
  customRow(monitoring, 'alertmanagers', 'Alertmanager', monitored()),
  customRow(monitoring, 'thanosrulers', 'ThanosRuler', monitored()),
  customRow({ ...monitoring, versions: ['v1alpha1'] }, 'prometheusagents', 'PrometheusAgent', monitored()),

  customRow(packages, 'providers', 'Provider', packaged),
  customRow(packages, 'configurations', 'Configuration', packaged),
  customRow(functions, 'functions', 'Function', packaged),
  customRow(packages, 'providerrevisions', 'ProviderRevision', revision),
  customRow(packages, 'configurationrevisions', 'ConfigurationRevision', revision),
  customRow(functions, 'functionrevisions', 'FunctionRevision', revision),
  customRow({ ...packages, versions: ['v1beta1'] }, 'deploymentruntimeconfigs', 'DeploymentRuntimeConfig', {
    podSpec: 'spec.deploymentTemplate.spec.template.spec',
  }),
  customRow({ ...packages, versions: ['v1alpha1'] }, 'controllerconfigs', 'ControllerConfig', revision),

  customRow(kubevirt, 'virtualmachines', 'VirtualMachine', machine('spec')),
  customRow(kubevirt, 'virtualmachineinstances', 'VirtualMachineInstance', {
    images: under(['spec'], machineImages),
  }),
  customRow(kubevirt, 'virtualmachineinstancereplicasets', 'VirtualMachineInstanceReplicaSet', {
    images: under(['spec.template.spec'], machineImages),
  }),
  customRow(
    machinePool,
    'virtualmachinepools',
    'VirtualMachinePool',
    machine('spec.virtualMachineTemplate.spec'),
  ),
  customRow(importer, 'datavolumes', 'DataVolume', { imageUrls: [diskUrl] }),
  customRow(importer, 'dataimportcrons', 'DataImportCron', { imageUrls: [`spec.template.${diskUrl}`] }),
  customRow(importer, 'volumeimportsources', 'VolumeImportSource', { imageUrls: [diskUrl] }),
];
