import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { bin } from '../../e2e/harness/install-command.ts';
import { buildGo } from '../../e2e/harness/install-go.ts';

/** The modules of a template, and what they are asked about: texts in JSON. */
export interface RegoQuestion {
  readonly rego: string;
  readonly libs: readonly string[];
  readonly version: 'v0' | 'v1';
  readonly parameters: string;
  readonly reviews: readonly string[];
}

/** Files and packages as Gatekeeper names them. */
export const modulesOf = ({ rego, libs }: Pick<RegoQuestion, 'rego' | 'libs'>) => [
  { file: 'template', text: rego, package: ['template'] },
  ...libs.map((text, at) => ({ file: `libs["lib_${at}"]`, text })),
];

export const violationPath = ['template', 'violation'] as const;

/** What is said about one review; neither: there is no value. */
const said = z.strictObject({ error: z.string().exactOptional(), value: z.string().exactOptional() });
export type Said = z.infer<typeof said>;
export const regoAnswer = z.strictObject({
  /** Why the modules are no policy. */
  refused: z.string().exactOptional(),
  said: z.array(said).exactOptional(),
});
export type RegoAnswer = z.infer<typeof regoAnswer>;
const measured = z.strictObject({ compileNs: z.number(), evaluateNs: z.number() });
/** Processor time of one compilation, and of asking once about each review. */
export type Measured = z.infer<typeof measured>;

const module = join(import.meta.dirname, '../../e2e/tools-gatekeeper');

export const opaVersion = (): string =>
  /open-policy-agent\/(opa v\S+)/.exec(readFileSync(join(module, 'go.mod'), 'utf8'))?.[1] ?? '';

const ask = (questions: readonly RegoQuestion[], rounds: number): readonly unknown[] => {
  buildGo({ name: 'opa-oracle', module, packages: ['./opa-oracle'], programs: ['opa-oracle'] });
  const lines = questions.map((question) => {
    const { version, parameters, reviews } = question;
    const modules = modulesOf(question).map(({ file, text, ...named }) => ({
      file,
      text,
      ...('package' in named ? { package: ['data', ...named.package].join('.') } : {}),
    }));
    const query = ['data', ...violationPath].join('.');
    const texts = { parameters: JSON.parse(parameters), reviews: reviews.map((text) => JSON.parse(text)) };
    return JSON.stringify({ modules, version, query, rounds, ...texts });
  });
  const { status, stdout, stderr, error } = spawnSync(join(bin, 'opa-oracle'), {
    input: lines.join('\n'),
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (error) throw new Error(`opa-oracle: ${error.message} ${stderr.slice(0, 2000)}`);
  if (status !== 0) throw new Error(`opa-oracle ended with ${status}: ${stderr}`);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
};

export const askOpa = (questions: readonly RegoQuestion[]): readonly RegoAnswer[] =>
  z.array(regoAnswer).parse(ask(questions, 0));

export const measureOpa = (questions: readonly RegoQuestion[], rounds: number): readonly Measured[] =>
  z.array(measured).parse(ask(questions, rounds));
