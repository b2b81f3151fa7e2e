/** Legal Pods that cost the constraints of Gatekeeper's library most, one for each way to make their rules go round. */
import { numbers } from './evidence-stage.ts';
import { entries, objectBytes, podKind, worstReview } from './worst-objects.ts';

interface WorstPod {
  readonly what: string;
  readonly metadata?: object;
  readonly spec: object;
}

const image = (number: number): string => `docker.io/evil/app:${number}`;
/** So many as fit into an object. */
const filling = <T>(make: (number: number) => T): readonly T[] => {
  const bytes = JSON.stringify(make(9999)).length + 1;
  return numbers(Math.floor(objectBytes / bytes)).map(make);
};

/** Breaks nearly every rule, and each template says so once for each. */
const guilty = (number: number): object => ({
  name: `c${number}`,
  image: image(number),
  stdin: true,
  tty: true,
  ports: [{ containerPort: 1, hostPort: number + 1 }],
  resources: { limits: { cpu: '900m', memory: '9Gi' }, requests: { cpu: '1m', memory: '1Ki' } },
  securityContext: {
    privileged: true,
    allowPrivilegeEscalation: true,
    capabilities: { add: ['SYS_ADMIN', 'NET_RAW'] },
    procMount: 'Unmasked',
    runAsUser: 0,
    seLinuxOptions: { level: 's0' },
    seccompProfile: { type: 'Unconfined' },
  },
});
const plain = (number: number): object => ({ name: `c${number}`, image: image(number) });
const mounts = (count: number): readonly object[] =>
  numbers(count).map((number) => ({ name: `v${number}`, mountPath: `/m${number}` }));

/** By the name in their figures. */
export const worstPods: Readonly<Record<string, WorstPod>> = {
  guilty: { what: 'containers that break every rule', spec: { containers: filling(guilty) } },
  plain: { what: 'containers that say nothing', spec: { containers: filling(plain) } },
  kinds: {
    what: 'containers of all three lists',
    spec: {
      containers: filling(guilty).slice(0, 900),
      initContainers: filling(guilty).slice(0, 900),
      ephemeralContainers: filling(guilty).slice(0, 900),
    },
  },
  volumes: {
    what: 'volumes of the host, mounted by many containers',
    spec: {
      volumes: numbers(3000).map((number) => ({ name: `v${number}`, hostPath: { path: `/p${number}` } })),
      containers: numbers(20).map((number) => ({ ...plain(number), volumeMounts: mounts(1200) })),
    },
  },
  annotations: {
    what: 'annotations of profiles beside many containers',
    metadata: {
      annotations: entries(
        4000,
        (number) => `container.apparmor.security.beta.kubernetes.io/c${number}`,
        () => 'unconfined',
      ),
    },
    spec: { containers: numbers(9000).map(plain) },
  },
  ports: {
    what: 'ports of the host',
    spec: {
      hostNetwork: true,
      containers: numbers(20).map((number) => ({
        ...plain(number),
        ports: numbers(1500).map((port) => ({ containerPort: port + 1, hostPort: port + 1 })),
      })),
    },
  },
  capabilities: {
    what: 'capabilities',
    spec: {
      containers: numbers(60).map((number) => ({
        ...plain(number),
        securityContext: { capabilities: { add: numbers(1500).map((one) => `CAP_${one}`), drop: [] } },
      })),
    },
  },
  quantities: {
    what: 'quantities of many digits',
    spec: {
      containers: numbers(30).map((number) => ({
        ...plain(number),
        resources: { limits: { cpu: '9'.repeat(20_000), memory: `${'9'.repeat(20_000)}Ki` } },
      })),
    },
  },
  images: {
    what: 'long images',
    spec: {
      containers: numbers(60).map((number) => ({
        ...plain(number),
        image: `evil.io/${'a/'.repeat(10_000)}x:${number}`,
      })),
    },
  },
  sysctls: {
    what: 'sysctls and groups',
    spec: {
      securityContext: {
        sysctls: numbers(15_000).map((number) => ({ name: `kernel.x${number}`, value: '1' })),
        supplementalGroups: numbers(60_000),
      },
      containers: numbers(50).map(guilty),
    },
  },
};

/** The AdmissionReview of such a Pod, from a namespace. */
export const worstPodReview = ({ metadata, spec }: WorstPod, namespace: string): string =>
  worstReview(podKind, namespace, { metadata: { name: 'worst', namespace, ...metadata }, spec });
