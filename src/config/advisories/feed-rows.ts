import { schemeOf } from '../../core/vulnerability/ecosystem.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { formatDuration } from '../../core/text/duration.ts';
import { quote } from '../../core/text/cut-middle.ts';
import { duration, file, flag, list, name, row, someOf, word, type Read } from '../values/row.ts';
import type { DocumentFault, DocumentShape } from '../values/shape.ts';
import { feedPresets } from './feed-presets.ts';

/** Where advisories come from, as the user wrote it. */
export interface FeedRow {
  /** For status, logs and metrics. */
  readonly name: string;
  readonly format: 'osv' | 'kev';
  /** https. Of OSV the folder above `<ECOSYSTEM>/all.zip`. Either this or `path`. */
  readonly url?: string;
  /** A file or a folder in the same layout. */
  readonly path?: string;
  /** As OSV names them; required for OSV. */
  readonly ecosystems?: readonly string[];
  /** Milliseconds between updates. */
  readonly every?: number;
  readonly caFile?: string;
  /** Allows loopback, RFC 1918, ULA, `.svc` and `.local` for the host of `url` and no other (B26). */
  readonly allowPrivateAddress?: boolean;
}

const minute = 60_000;
const maxRows = 64;
const maxEcosystems = 64;
const maxUrlLength = 2048;

const addressOf = (text: string): URL | undefined => {
  const parsed = text.length <= maxUrlLength ? URL.parse(text) : null;
  return parsed?.protocol === 'https:' && parsed.search === '' && parsed.hash === '' ? parsed : undefined;
};

/** The name of a preset stands for its address. */
const url: Read<string> = (value) => {
  const text = typeof value === 'string' ? value : '';
  const preset = Object.hasOwn(feedPresets, text) ? feedPresets[text] : undefined;
  const address = addressOf(preset?.url ?? text);
  const presets = Object.keys(feedPresets).join(', ');
  if (address === undefined)
    return fail({ path: [], message: `is no address; write https://… or one of ${presets}` });
  if (address.username !== '' || address.password !== '')
    return fail({ path: [], message: 'holds a login, which everybody who reads the configuration sees' });
  return ok(address.href.replace(/\/$/, ''));
};

const ecosystem: Read<string> = (value) =>
  typeof value === 'string' && !value.includes(':') && schemeOf(value) !== undefined
    ? ok(value)
    : fail({
        path: [],
        message: `${quote(String(value))} is no ecosystem that is judged; write for example npm or Debian`,
      });

const readRow = row<FeedRow>(
  {
    name,
    format: word('osv', 'kev'),
    url,
    path: file,
    ecosystems: someOf(
      list(ecosystem, maxEcosystems, (one) => one),
      'name what to read, such as npm',
    ),
    every: duration(5 * minute, 7 * 24 * 60 * minute),
    caFile: file,
    allowPrivateAddress: flag,
  },
  ['name', 'format'],
);

const contradiction = (given: FeedRow): DocumentFault | undefined => {
  const { format, ecosystems } = given;
  if ((given.url === undefined) === (given.path === undefined))
    return { path: [], message: 'a feed has either url or path; give one of them' };
  if (format === 'osv' && ecosystems === undefined)
    return { path: [], message: 'ecosystems is missing; name what to read, such as [npm, Debian]' };
  if (format === 'kev' && ecosystems !== undefined)
    return { path: ['ecosystems'], message: 'says nothing beside format: kev; remove it' };
  const lonely = (['caFile', 'allowPrivateAddress'] as const).find((field) => given[field] !== undefined);
  return given.url === undefined && lonely !== undefined
    ? { path: [lonely], message: 'is of no use without url; remove it' }
    : undefined;
};

const consistentRow: Read<FeedRow> = (value, folder): Result<FeedRow, DocumentFault> => {
  const read = readRow(value, folder);
  const fault = read.ok ? contradiction(read.value) : undefined;
  return fault === undefined ? read : fail(fault);
};

/** `advisories` of the configuration file. */
export const feedRows: DocumentShape<readonly FeedRow[]> = {
  kind: 'document',
  placeholder: 'ROWS',
  parse: list(consistentRow, maxRows, (feed) => feed.name),
  show: (rows) =>
    rows.map(({ every, ...others }) => ({
      ...others,
      ...(every === undefined ? {} : { every: formatDuration(every) }),
    })),
};
