/*
 * os-release
 * Specification: https://www.freedesktop.org/software/systemd/man/latest/os-release.html
 */
import type { Distribution } from '../../vulnerability/distribution.ts';

const assignment = /^([A-Z][A-Z0-9_]{0,63})=(.{0,1024})$/;

/** A value as a shell reads it, as far as the specification lets one be written: quotes, and signs behind a backslash. */
const valueOf = (text: string): string => {
  const quote = text.startsWith('"') || text.startsWith("'") ? text.charAt(0) : '';
  const inner = quote !== '' && text.length > 1 && text.endsWith(quote) ? text.slice(1, -1) : text;
  return quote === "'" ? inner : inner.replaceAll(/\\(.)/g, '$1');
};

const identifier = /^[a-z0-9._-]{1,64}$/;

/** `undefined`: it names no system. The last of equal names counts, as for a shell. */
export const readOsRelease = (text: string): Distribution | undefined => {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name = '', value = ''] = assignment.exec(line.trim()) ?? [];
    values.set(name, valueOf(value.trim()));
  }
  const id = values.get('ID') ?? '';
  if (!identifier.test(id)) return undefined;
  const versionId = values.get('VERSION_ID');
  const name = values.get('PRETTY_NAME');
  return { id, ...(versionId ? { versionId } : {}), ...(name ? { name } : {}) };
};
