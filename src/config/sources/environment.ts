import { suggest } from '../../core/policy/load/suggestion.ts';
import { settingKeys, settings, variableOf, variablesOf, type SettingKey } from '../settings/settings.ts';

/** Variables by name, as `process.env` holds them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Names the file of `--config`, so it is no setting of the table that the file holds. */
export const configVariable = 'IMAGEGATE_CONFIG';

const prefix = 'IMAGEGATE_';
const known = new Set([
  configVariable,
  ...settings.flatMap(({ variable }) => (variable === undefined ? [] : [variable])),
]);

/**
 * Variables that Kubernetes sets in every Pod of a namespace with a Service named `imagegate` or `imagegate-…` (R17).
 */
const serviceVariable = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$/;

const remarkOn = (variable: string): string => {
  if (serviceVariable.test(variable)) {
    return `environment ${variable} is no setting and is ignored: Kubernetes sets it for a Service of that name (enableServiceLinks: false stops that)`;
  }
  const fileOnly = settingKeys.find((key) => variableOf(key) === variable);
  if (fileOnly !== undefined && variablesOf(fileOnly).length > 0) {
    return `environment ${variable} is ignored: use ${variablesOf(fileOnly).join(' or ')}`;
  }
  if (fileOnly !== undefined) {
    return `environment ${variable} is ignored: ${fileOnly} can stand in the configuration file only`;
  }
  const near = suggest(
    variable.slice(prefix.length),
    [...known].map((name) => name.slice(prefix.length)),
  );
  const next = near === undefined ? '' : `; did you mean ${prefix}${near}?`;
  return `environment ${variable} is no setting and is ignored${next}`;
};

/** R17: `IMAGEGATE_*` variables that mean nothing are reported, never fatal. Values are not shown. */
export const remarksOn = (environment: Environment): readonly string[] =>
  Object.entries(environment)
    .filter(([name, value]) => value !== undefined && name.startsWith(prefix))
    .flatMap(([name, value]) => {
      if (!known.has(name)) return [remarkOn(name)];
      return value === '' ? [`environment ${name} is empty and is ignored`] : [];
    });

/**
 * Splits a variable into the texts of its setting. A list is separated by commas, or by line breaks if it has any:
 * names such as `CN=ops,OU=it` need that.
 */
export const splitVariable = (text: string, repeatable: boolean): readonly string[] => {
  if (!repeatable) return [text];
  return text
    .split(text.includes('\n') ? '\n' : ',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
};

/** The first variable of a setting that is set, with its text. An empty variable counts as not set. */
export const readVariable = (
  key: SettingKey,
  environment: Environment,
): { readonly variable: string; readonly text: string } | undefined => {
  for (const variable of variablesOf(key)) {
    const text = environment[variable];
    if (text !== undefined && text !== '') return { variable, text };
  }
  return undefined;
};
