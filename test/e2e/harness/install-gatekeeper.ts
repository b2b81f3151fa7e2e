import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin } from './install-command.ts';
import { buildGo, goModuleFolder } from './install-go.ts';

/** Where the parts of the real Gatekeeper lie. */
export interface GatekeeperParts {
  /** The program that is webhook and controllers. */
  readonly manager: string;
  /** Its command line, which runs suites. */
  readonly gator: string;
  /** `deploy/gatekeeper.yaml` of the release. */
  readonly manifest: string;
}

const module = join(import.meta.dirname, '..', 'tools-gatekeeper');
const gatekeeper = 'github.com/open-policy-agent/gatekeeper/v3';

/** As go.mod pins it. */
export const gatekeeperVersion = readFileSync(join(module, 'go.mod'), 'utf8').match(
  /open-policy-agent\/gatekeeper\/v3 (v[\d.]+)/,
)![1]!;

/** Builds what is missing; costs nothing when everything is there. */
export const installGatekeeper = (): GatekeeperParts => {
  buildGo({
    name: 'gatekeeper',
    module,
    packages: [gatekeeper, `${gatekeeper}/cmd/gator`],
    programs: ['gatekeeper', 'gator'],
    remark: `${gatekeeperVersion}; about six minutes on two cores`,
  });
  return {
    manager: join(bin, 'gatekeeper'),
    gator: join(bin, 'gator'),
    manifest: join(goModuleFolder(module, gatekeeper), 'deploy', 'gatekeeper.yaml'),
  };
};
