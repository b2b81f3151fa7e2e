import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { elfOf, inlineBlob } from '../../fakes/go-program.ts';
import { file, type LayoutLayer } from '../../fakes/image-layout.ts';
import { paxRecord, type Written } from '../../fakes/tar-writer.ts';

/** What a list is made from, without what nobody reads: files of one layer by path. */
export const layerContent = z.strictObject({
  texts: z.record(z.string(), z.string()),
  /** Databases of rpm. */
  bytes: z.record(z.string(), z.base64()),
  programs: z.record(z.string(), z.strictObject({ toolchain: z.string(), modules: z.string() })),
});
export type LayerContent = z.infer<typeof layerContent>;

const patterns = [
  '*/.wh.*',
  'etc/os-release',
  'usr/lib/os-release',
  'var/lib/dpkg/status',
  'var/lib/rpm/rpmdb.sqlite',
  '*/node_modules/*/package.json',
  '*.dist-info/METADATA',
  'usr/local/bin/*',
];

/** npm's files name much that no list tells. */
const npmFields = (text: string): string => {
  const { name, version } = JSON.parse(text) as { readonly name?: unknown; readonly version?: unknown };
  return JSON.stringify({ name, version });
};
const headersOf = (text: string): string => text.slice(0, Math.max(text.indexOf('\n\n'), 0) || text.length);
const reduced = (path: string, text: string): string => {
  if (path.endsWith('package.json')) return npmFields(text);
  return path.endsWith('METADATA') ? headersOf(text) : text;
};

const tool = (command: string, args: readonly string[]): string => {
  const { status, stdout, stderr, error } = spawnSync(command, [...args], { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return stdout;
};

/** `go version -m`: the toolchain, then lines behind a tab. */
const programOf = (path: string): LayerContent['programs'][string] => {
  const [head = '', ...lines] = tool('go', ['version', '-m', path]).trimEnd().split('\n');
  return {
    toolchain: head.slice(head.lastIndexOf(': ') + 2),
    modules: lines.map((line) => `${line.slice(1)}\n`).join(''),
  };
};

/** umoci does not fill up the last block, and GNU tar leaves out a file that ends in it. */
const endOfTar = Buffer.alloc(2048);

const contentOf = (layer: string): LayerContent => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-layer-'));
  try {
    // Without a match tar fails; then the layer holds nothing of a list.
    spawnSync('tar', ['-x', '-C', folder, '--no-same-owner', '--wildcards', ...patterns], {
      input: Buffer.concat([gunzipSync(readFileSync(layer)), endOfTar]),
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const content: LayerContent = { texts: {}, bytes: {}, programs: {} };
    for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
      const full = join(folder, path);
      if (!statSync(full, { throwIfNoEntry: false })?.isFile()) continue;
      if (path.startsWith('usr/local/bin/')) content.programs[path] = programOf(full);
      else if (path.endsWith('.sqlite')) content.bytes[path] = readFileSync(full).toString('base64');
      else content.texts[path] = reduced(path, readFileSync(full, 'utf8'));
    }
    return content;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

interface Blobs {
  readonly manifests?: readonly { readonly digest: string }[];
  readonly layers?: readonly { readonly digest: string }[];
}

/** What the layers of a layout hold that a list is made from. */
export const contentsOf = (layout: string): readonly LayerContent[] => {
  const blob = (digest = ''): string => join(layout, 'blobs', 'sha256', digest.replace('sha256:', ''));
  const read = (path: string): Blobs => JSON.parse(readFileSync(path, 'utf8')) as Blobs;
  const { manifests = [] } = read(join(layout, 'index.json'));
  const { layers = [] } = read(blob(manifests[0]?.digest));
  return layers.map(({ digest }) => contentOf(blob(digest)));
};

/** A header of a tar holds a hundred characters of a name. */
const maxName = 100;
const entriesFor = (path: string, content: string | Uint8Array): readonly Written[] =>
  path.length <= maxName
    ? [file(path, content)]
    : [{ type: 'x', name: 'path', content: paxRecord('path', path) }, file(path.slice(0, maxName), content)];

/** Layers that hold just this. */
export const layersWith = (contents: readonly LayerContent[]): readonly LayoutLayer[] =>
  contents.map(({ texts, bytes, programs }) => ({
    entries: [
      ...Object.entries(texts).flatMap(([path, text]) => entriesFor(path, text)),
      ...Object.entries(bytes).flatMap(([path, text]) => entriesFor(path, Buffer.from(text, 'base64'))),
      ...Object.entries(programs).flatMap(([path, { toolchain, modules }]) =>
        entriesFor(path, elfOf([{ address: 0x40_0000, flags: 6, bytes: inlineBlob(toolchain, modules) }])),
      ),
    ],
  }));
