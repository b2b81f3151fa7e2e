import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { endOfString } from '../../core/text/json/json-source.ts';
import type { ManifestObject } from '../../core/workload/manifest.ts';

/** How much of a text is read to recognise its format. */
const lookedAt = 64 * 1024;
const deepestChart = 16;

const action = '{{';
const jsonnetStart = /^(?:local\s|import(?:str)?\s|function\s{0,8}\(|std\.)/;
const valuesName = /^(?:values.{0,200}|.{0,200}values)\.(?:ya?ml|json)$/i;
const kustomizationName = /^kustomization(?:\.ya?ml)?$/i;

const judgeIt = '| imagegate check manifest -f - …';

/** A folder as the file was named: from the working folder, or in full. */
const asNamed = (folder: string, path: string): string =>
  isAbsolute(path) ? folder : relative('', folder) || '.';

/** The chart whose templates the file is one of: the folder with `Chart.yaml` above a folder `templates`. */
const chartOfTemplate = (path: string): string | undefined => {
  if (path === '-') return undefined;
  let folder = dirname(resolve(path));
  for (let depth = 0; depth < deepestChart && dirname(folder) !== folder; depth++) {
    const parent = dirname(folder);
    if (basename(folder) === 'templates' && existsSync(join(parent, 'Chart.yaml')))
      return asNamed(parent, path);
    folder = parent;
  }
  return undefined;
};

const withoutComment = (text: string): string => {
  let at = 0;
  for (;;) {
    while (at < text.length && /\s/.test(text.charAt(at))) at++;
    if (text.startsWith('//', at) || text.startsWith('#', at)) at = text.indexOf('\n', at) + 1 || text.length;
    else if (text.startsWith('/*', at)) at = text.indexOf('*/', at) + 2;
    else return text.slice(at);
    if (at < 2) return '';
  }
};

/** Whether a text that begins like JSON has a comment outside of its strings. */
const hasJsonComment = (text: string): boolean => {
  if (!/^[{[]/.test(withoutComment(text))) return false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '"') at = endOfString(text, at) - 1;
    else if (text.startsWith('//', at) || text.startsWith('/*', at)) return true;
  }
  return false;
};

const renderChart = (chart: string): string => `render it first: helm template ${chart} ${judgeIt}`;

/** Recognises Jsonnet and JSON with comments. As YAML they would be read as something else, if at all. */
export const otherLanguage = (path: string, text: string): string | undefined => {
  const head = text.slice(0, lookedAt);
  if (/\.(?:jsonnet|libsonnet)$/i.test(path) || jsonnetStart.test(withoutComment(head)))
    return `a Jsonnet program; render it first: jsonnet ${path} ${judgeIt}`;
  if (hasJsonComment(head))
    return 'JSON with comments, as tsconfig.json has them, and no manifest; leave it out with --exclude';
  return undefined;
};

/**
 * Says what a text is that cannot be read as a manifest, and what to do with it.
 * @returns `undefined` when it is not recognised
 */
export const whatItIs = (path: string, text: string): string | undefined => {
  const language = otherLanguage(path, text);
  if (language !== undefined || !text.slice(0, lookedAt).includes(action)) return language;
  const chart = chartOfTemplate(path);
  return chart === undefined
    ? `a template that was not rendered; render it first: helm template CHART ${judgeIt}`
    : `an unrendered Helm template; ${renderChart(chart)}`;
};

/** Recognises an unrendered template of a chart. Even where YAML can read it, its images are variables. */
export const unrendered = (path: string, text: string): string | undefined => {
  if (!text.includes(action)) return undefined;
  const chart = chartOfTemplate(path);
  return chart === undefined ? undefined : `an unrendered Helm template; ${renderChart(chart)}`;
};

export const kustomizationText = (path: string): string =>
  `a kustomization: not judged; judge what it builds: kubectl kustomize ${dirname(path)} ${judgeIt}`;

/**
 * Whether the object is a kustomization, which only kustomize reads. Flux's object of the same kind has another
 * group.
 */
export const isKustomization = ({ apiVersion, kind }: Pick<ManifestObject, 'apiVersion' | 'kind'>): boolean =>
  apiVersion.startsWith('kustomize.config.k8s.io/') && (kind === 'Kustomization' || kind === 'Component');

/** Whether kustomize reads the file as a kustomization although it names no kind. */
export const isKustomizationFile = (path: string): boolean => kustomizationName.test(basename(path));

export const isValuesFile = (path: string): boolean => valuesName.test(basename(path));

/** Says what a readable file holds if not objects of a cluster; `undefined` when it is not recognised. */
export const whatItHolds = (path: string): string | undefined => {
  if (isKustomizationFile(path)) return kustomizationText(path);
  if (basename(path) === 'Chart.yaml')
    return `the name of a Helm chart: not judged; ${renderChart(dirname(path))}`;
  if (isValuesFile(path)) {
    const chart = existsSync(join(dirname(path), 'Chart.yaml')) ? dirname(path) : 'CHART';
    return `values of a Helm chart: not judged; render it first: helm template ${chart} -f ${path} ${judgeIt}`;
  }
  return undefined;
};
