import { stringify } from 'yaml';
import { describeOrigin } from './sources/origin.ts';
import type { Config } from './resolved.ts';
import { definitions, settingKeys } from './settings/settings.ts';
import type { Shape } from './values/shape.ts';

/**
 * What `serve --print-config` prints: every setting with its value and, in a comment, where it came from.
 * The output is itself a file for `--config`.
 */
export const printConfig = (config: Config): string =>
  settingKeys
    .map((key) => {
      const { shape } = definitions[key] as unknown as { shape: Shape<unknown> };
      const { value, origin } = config[key];
      const shown = shape.show(value);
      const from = describeOrigin(origin);
      if (shown === undefined) return `# ${key} is not set (${from})\n`;
      const text = stringify({ [key]: shown }, { lineWidth: 0, aliasDuplicateObjects: false });
      const [line = '', ...more] = text.trimEnd().split('\n');
      return `${[`${line}  # ${from}`, ...more].join('\n')}\n`;
    })
    .join('');
