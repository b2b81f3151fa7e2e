import { plural } from '../../../core/text/plural.ts';
import { isOfConstraint } from '../../../core/decision/constraint-findings.ts';
import type { Decision } from '../../../core/decision/decision.ts';
import type { Finding } from '../../../core/decision/finding.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { shown } from '../../../core/text/shown-text.ts';
import { groupOf } from '../../../core/workload/kinds/kinds.ts';
import { metadataOf } from '../../../core/workload/object-metadata.ts';
import { controllerOf, type InvolvedObject, isShort } from './owner.ts';

/** One note about an object. Equal notes about the same object become one Event with a count. */
export interface EventNote {
  readonly about: InvolvedObject;
  /** The direct controller of `about`: the Event goes to the workload on top of it. */
  readonly controller?: InvolvedObject;
  readonly type: 'Warning' | 'Normal';
  readonly reason: string;
  /** What happened, without anything that is different each time. */
  readonly text: string;
  /** The part that differs each time, such as the decision id; shown behind the text. */
  readonly latest?: string;
}

/**
 * R23: a refused or would-be-refused admission as a note; `undefined` when there is nothing to report (no finding,
 * dry run, no admission).
 */
export const noteOf = (decision: Decision, object: JsonObject | null): EventNote | undefined => {
  // The record has images without a policy. A Warning on every Pod of such a namespace would be noise.
  const findings = decision.findings.filter(({ policy, mode }) => policy !== '' || mode !== 'Audit');
  const finding = findings.find(({ mode }) => mode === 'Deny') ?? findings[0];
  const isReported = decision.source === 'admission' || decision.source === 'monitor';
  if (finding === undefined || decision.dryRun === true || !isReported) return undefined;
  const { namespace } = decision.object;
  const controller = controllerOf(object, namespace);
  const more = findings.length - 1;
  const text = [
    // Of a constraint the answer shows all of a message; notes wait in a queue.
    `${shown(finding.message)} (${ruleOf(finding)})`,
    ...(more > 0 ? [plural(more, 'more finding')] : []),
    ...(finding.remedy === undefined ? [] : [`fix: ${finding.remedy}`]),
  ].join('; ');
  return {
    about: aboutOf(decision, object),
    ...(controller === undefined ? {} : { controller }),
    type: 'Warning',
    reason: reasonOf(decision, finding),
    text,
    latest: `imagegate explain ${decision.id}`,
  };
};

const ruleOf = (finding: Finding): string => {
  const { policy, code } = finding;
  if (policy === '') return code;
  return `${isOfConstraint(finding) ? 'constraint' : 'policy'} ${policy}: ${code}`;
};

const refusals: Readonly<Record<string, string>> = {
  'imagegate.dev ImagePolicy': 'PolicyDenied',
  'imagegate.dev TrustRoot': 'TrustRootDenied',
  'templates.gatekeeper.sh ConstraintTemplate': 'TemplateDenied',
  ' Namespace': 'NamespaceChangeDenied',
};

/**
 * R23: the reason of the Event. What constraints say is no matter of images. Rules on their way in (R9) and changes of
 * namespaces (R12) have reasons of their own.
 */
const reasonOf = ({ allowed, object }: Decision, finding: Finding): string => {
  if (isOfConstraint(finding)) return allowed ? 'WouldBeDeniedByConstraint' : 'DeniedByConstraint';
  if (allowed) return 'ImageWouldBeDenied';
  const group = groupOf(object.apiVersion);
  if (group === 'constraints.gatekeeper.sh') return 'ConstraintDenied';
  return refusals[`${group} ${object.kind}`] ?? 'ImageDenied';
};

const aboutOf = (decision: Decision, object: JsonObject | null): InvolvedObject => {
  const { apiVersion, kind, namespace, name } = decision.object;
  const metadata = object === null ? {} : metadataOf(object);
  const { uid, generateName } = metadata;
  // The API server has made a uid already, but an object that is refused will never carry it.
  const exists = decision.allowed || decision.operation !== 'CREATE';
  return {
    apiVersion,
    kind,
    name: name ?? (isShort(generateName) ? generateName : ''),
    ...(namespace === undefined ? {} : { namespace }),
    ...(exists && isShort(uid) ? { uid } : {}),
  };
};

const maxNoteBytes = 1024;

/** The message of an Event: at most 1 KB, the latest part always complete. */
export const eventMessage = ({ text, latest }: EventNote): string => {
  const tail = latest === undefined ? '' : ` [${cut(latest, 200)}]`;
  return `${cut(text, maxNoteBytes - Buffer.byteLength(tail))}${tail}`;
};

const cut = (text: string, bytes: number): string => {
  const clean = text.replaceAll(/\p{Cc}/gu, ' ');
  const buffer = Buffer.from(clean);
  if (buffer.length <= bytes) return clean;
  // A character that was cut through becomes U+FFFD and is dropped.
  return `${buffer
    .subarray(0, bytes - 3)
    .toString('utf8')
    .replace(/\uFFFD{1,3}$/, '')}…`;
};
