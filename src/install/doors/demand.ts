import type { Operation } from '../../core/decision/decision.ts';
import { isDnsSubdomain } from '../../core/text/dns-name.ts';

/** What the API server can ask webhooks about. */
export const operations: readonly Operation[] = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'];

/** Kinds as a constraint names them. `*`, and an empty list, stand for all. */
export interface KindRow {
  readonly apiGroups: readonly string[];
  readonly kinds: readonly string[];
}

/** What one constraint asks to be judged. */
export interface KindDemand {
  /** Empty: everything. */
  readonly rows: readonly KindRow[];
  /** A violation refuses. */
  readonly isDenying: boolean;
  /** Empty: all. */
  readonly operations: readonly string[];
}

/** A resource or subresource of the cluster, and the kind of its objects. */
export interface ServedResource {
  readonly group: string;
  /** Those that serve it, in alphabetical order. */
  readonly versions: readonly string[];
  readonly resource: string;
  /** Empty: the resource itself. */
  readonly subresource: string;
  /** The group of the objects: `autoscaling` for `deployments/scale`. */
  readonly objectGroup: string;
  readonly kind: string;
}

/** Kinds of `admissionregistration.k8s.io` about which the API server asks no webhook, whatever its rules say. */
export const exemptKinds: ReadonlySet<string> = new Set([
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingWebhookConfiguration',
]);

/** Whether an API group can have this name; that of the core group is empty. */
export const isGroupName = (text: string): boolean => text === '' || isDnsSubdomain(text);

const holdsAll = (names: readonly string[]): boolean => names.length === 0 || names.includes('*');

export const isAnyKind = ({ kinds }: KindRow): boolean => holdsAll(kinds);
export const isAnyGroup = ({ apiGroups }: KindRow): boolean => holdsAll(apiGroups);

export const isGroupOf = (row: KindRow, group: string): boolean =>
  isAnyGroup(row) || row.apiGroups.includes(group);

const everything: readonly KindRow[] = [{ apiGroups: ['*'], kinds: ['*'] }];

export const rowsOf = ({ rows }: KindDemand): readonly KindRow[] => (rows.length === 0 ? everything : rows);

/** The operations of a demand among those that are asked for at all. */
export const operationsOf = (demand: KindDemand, asked: readonly Operation[]): readonly Operation[] =>
  demand.operations.length === 0 || demand.operations.includes('*')
    ? asked
    : asked.filter((operation) => demand.operations.includes(operation));
