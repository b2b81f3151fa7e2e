import { connect, startCluster } from '../e2e/harness/cluster.ts';
import { putConstraints, putTemplates } from '../e2e/harness/gatekeeper-policies.ts';
import { installGatekeeperObjects, startGatekeeper } from '../e2e/harness/gatekeeper.ts';
import { installParts } from '../e2e/harness/install.ts';
import type { TemplatesAndConstraints } from './constraint-stage.ts';
import { pinnedProgram, type Server } from './processes.ts';

/** Where it judges. */
export const managerPath = '/v1/admit';

/**
 * Gatekeeper's manager with these templates and constraints, on the core of the gate, beside an API server that nobody asks
 * anything while it is measured.
 */
export const startManager = async ({
  templates,
  constraints,
}: TemplatesAndConstraints): Promise<Pick<Server, 'port' | 'stop'>> => {
  const started = await startCluster(installParts());
  try {
    const cluster = connect(started.address);
    await installGatekeeperObjects(cluster);
    const gatekeeper = await startGatekeeper(cluster, (program, args) => pinnedProgram(0, program, args));
    await putTemplates(cluster, templates);
    await putConstraints(cluster, constraints);
    return {
      port: Number(new URL(gatekeeper.url).port),
      stop: async () => {
        await gatekeeper.stop();
        await started.stop();
      },
    };
  } catch (error) {
    await started.stop();
    throw error;
  }
};
