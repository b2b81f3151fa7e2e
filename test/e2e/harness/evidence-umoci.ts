import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { skopeo, umoci } from './registry-commands.ts';
import type { RunningRegistry } from './registry-process.ts';

export interface UmociImage {
  /** Absent: none, which means root. */
  readonly user?: string;
  /** RFC 3339; absent: now. */
  readonly created?: string;
  readonly label?: string;
}

/** Makes images with umoci and pushes them with skopeo, one tag each. */
export const pushUmociImages = async (
  registry: RunningRegistry,
  repository: string,
  images: Readonly<Record<string, UmociImage>>,
): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-umoci-'));
  const layout = join(folder, 'layout');
  try {
    await umoci(['init', '--layout', layout]);
    await umoci(['new', '--image', `${layout}:empty`]);
    for (const [tag, { user, created = new Date().toISOString(), label }] of Object.entries(images)) {
      const options = [
        ['--created', created],
        user === undefined ? [] : ['--config.user', user],
        label === undefined ? [] : ['--config.label', label],
      ];
      await umoci(['config', '--image', `${layout}:empty`, '--tag', tag, ...options.flat()]);
      const to = `docker://${registry.host}/${repository}:${tag}`;
      await skopeo(['copy', '--dest-cert-dir', registry.caFolder!, `oci:${layout}:${tag}`, to]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The digest that skopeo finds behind a name. */
export const inspectedDigest = async (registry: RunningRegistry, name: string): Promise<string> =>
  (
    await skopeo(['inspect', '--cert-dir', registry.caFolder!, '--format', '{{.Digest}}', `docker://${name}`])
  ).trim();
