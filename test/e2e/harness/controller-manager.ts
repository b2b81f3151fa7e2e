import { join } from 'node:path';
import { launch, type RunningProcess } from './running-process.ts';

export interface ControllerManagerOptions {
  readonly binary: string;
  readonly folder: string;
  readonly kubeconfig: string;
  readonly tokenKey: string;
}

/** So that a Deployment becomes Pods, a namespace gets its service account and a deleted one goes away. */
export const startControllerManager = (options: ControllerManagerOptions): RunningProcess => {
  return launch({
    name: 'kube-controller-manager',
    command: options.binary,
    log: join(options.folder, 'kube-controller-manager.log'),
    args: [
      `--kubeconfig=${options.kubeconfig}`,
      `--service-account-private-key-file=${options.tokenKey}`,
      `--root-ca-file=${join(options.folder, 'ca.crt')}`,
      '--use-service-account-credentials=true',
      '--leader-elect=false',
      '--secure-port=0',
      '--kube-api-qps=200',
      '--kube-api-burst=400',
    ],
  });
};
