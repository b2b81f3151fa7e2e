import type { WorkloadKind } from '../kinds/workload-kind.ts';
import { customRow, inCluster, under, type Family } from './custom-row.ts';

const flink: Family = { group: 'flink.apache.org', versions: ['v1beta1'], overlay: true };
const flinkPlaces = (spec: string) => ({
  podSpec: under([spec], ['podTemplate.spec', 'jobManager.podTemplate.spec', 'taskManager.podTemplate.spec']),
  images: [`${spec}.image`],
});

// `template.pod` holds pull secrets and volumes like a pod spec; containers are the operator's.
const strimzi: Family = { group: 'kafka.strimzi.io', versions: ['v1', 'v1beta2'], overlay: true };
const kafkaPods = ['kafka', 'zookeeper', 'entityOperator', 'cruiseControl', 'kafkaExporter', 'jmxTrans'];
const kafkaImages = [
  'kafka.image',
  'kafka.brokerRackInitImage',
  'zookeeper.image',
  'entityOperator.topicOperator.image',
  'entityOperator.userOperator.image',
  'entityOperator.tlsSidecar.image',
  'cruiseControl.image',
  'cruiseControl.tlsSidecar.image',
  'kafkaExporter.image',
  'jmxTrans.image',
];
const clientPod = { podSpec: 'spec.template.pod' };
const clientImages = ['spec.image', 'spec.clientRackInitImage'];

const cnpg: Family = { group: 'postgresql.cnpg.io', versions: ['v1'], overlay: true };
const catalog = { images: ['spec.images[].image', 'spec.images[].extensions[].image.reference'] };

const eck = (name: string, ...versions: readonly string[]): Family => ({
  group: `${name}.k8s.elastic.co`,
  versions,
  overlay: true,
});
const eckPods = (...paths: readonly string[]) => ({
  podSpec: under(paths, ['podTemplate.spec']),
  images: ['spec.image'],
});

/** Flink, Strimzi, CloudNativePG, ECK: what keeps or moves data. */
export const dataKinds: readonly WorkloadKind[] = [
  customRow(flink, 'flinkdeployments', 'FlinkDeployment', flinkPlaces('spec')),
  customRow(
    flink,
    'flinkbluegreendeployments',
    'FlinkBlueGreenDeployment',
    flinkPlaces('spec.template.spec'),
  ),

  customRow(strimzi, 'kafkas', 'Kafka', {
    podSpec: under(under(['spec'], kafkaPods), ['template.pod']),
    images: under(['spec'], kafkaImages),
  }),
  customRow(strimzi, 'kafkanodepools', 'KafkaNodePool', clientPod),
  customRow(strimzi, 'kafkaconnects', 'KafkaConnect', {
    podSpec: [clientPod.podSpec, 'spec.template.buildPod'],
    images: [...clientImages, 'spec.plugins[].artifacts[].reference'],
  }),
  customRow(strimzi, 'kafkamirrormaker2s', 'KafkaMirrorMaker2', { ...clientPod, images: clientImages }),
  customRow(strimzi, 'kafkabridges', 'KafkaBridge', { ...clientPod, images: clientImages }),
  customRow({ ...strimzi, versions: ['v1beta2'] }, 'kafkamirrormakers', 'KafkaMirrorMaker', {
    ...clientPod,
    images: ['spec.image'],
  }),

  customRow(cnpg, 'clusters', 'Cluster', {
    podSpec: 'spec', // its pull secrets
    images: ['spec.imageName', 'spec.postgresql.extensions[].image.reference'],
  }),
  customRow(cnpg, 'poolers', 'Pooler', { podSpec: 'spec.template.spec' }),
  customRow(cnpg, 'imagecatalogs', 'ImageCatalog', catalog),
  customRow(inCluster(cnpg), 'clusterimagecatalogs', 'ClusterImageCatalog', catalog),

  customRow(
    eck('elasticsearch', 'v1', 'v1beta1'),
    'elasticsearches',
    'Elasticsearch',
    eckPods('spec.nodeSets[]'),
  ),
  customRow(eck('kibana', 'v1', 'v1beta1'), 'kibanas', 'Kibana', eckPods('spec')),
  customRow(eck('apm', 'v1', 'v1beta1'), 'apmservers', 'ApmServer', eckPods('spec')),
  customRow(
    eck('enterprisesearch', 'v1', 'v1beta1'),
    'enterprisesearches',
    'EnterpriseSearch',
    eckPods('spec'),
  ),
  customRow(eck('beat', 'v1beta1'), 'beats', 'Beat', eckPods('spec.daemonSet', 'spec.deployment')),
  customRow(
    eck('agent', 'v1alpha1'),
    'agents',
    'Agent',
    eckPods('spec.daemonSet', 'spec.deployment', 'spec.statefulSet'),
  ),
  customRow(eck('maps', 'v1alpha1'), 'elasticmapsservers', 'ElasticMapsServer', eckPods('spec')),
  customRow(eck('logstash', 'v1alpha1'), 'logstashes', 'Logstash', eckPods('spec')),
  customRow(eck('packageregistry', 'v1alpha1'), 'packageregistries', 'PackageRegistry', eckPods('spec')),
  customRow(eck('autoops', 'v1alpha1'), 'autoopsagentpolicies', 'AutoOpsAgentPolicy', eckPods('spec')),
];
