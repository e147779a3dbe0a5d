import type { TopologyService } from '../../constructs/core/topology.js';
import { type AnyModel, type Kind, type Models, modelsOf, serviceNamed, servicesOf } from '../../constructs/models.js';
import { type Comparison, isSame } from './judge/comparison.js';

/** What one construct was meant to be, and is. */
export interface ModelPair<M> {
  readonly before: M;
  readonly after: M;
  /** The first of the services that it describes now: findings are about it. */
  readonly service: TopologyService;
}

/** The models of a kind that are there on both sides, renamed or not. */
export function modelPairs<K extends Kind>({ before, after, matched }: Comparison, kind: K): ModelPair<Models[K]>[] {
  const old = modelsOf(before.topology, kind);
  return modelsOf(after.topology, kind).flatMap((model) => {
    const [name = ''] = servicesOf(model);
    const is = (other: Models[K]) => servicesOf(other).some((one) => (matched.renamed.get(one) ?? one) === name);
    const was = old.find(is);
    const service = serviceNamed(after.topology, name);
    return was && service ? [{ before: was, after: model, service }] : [];
  });
}

/** Of every kind. */
export function allPairs(comparison: Comparison): ModelPair<AnyModel>[] {
  const kinds = Object.keys({ api: 0, backups: 0, http: 0, logs: 0, proxy: 0, redis: 0 } satisfies Record<
    Kind,
    0
  >) as Kind[];
  return kinds.flatMap((kind): ModelPair<AnyModel>[] => modelPairs(comparison, kind));
}

export interface Difference {
  /** E.g. `nodes`, `directives`, `repl-backlog-size`. */
  readonly path: readonly string[];
  /** Undefined where it is not there. */
  readonly was: unknown;
  readonly is: unknown;
}

/** Where two models differ. Lists are compared as a whole. */
export function differences(was: unknown, is: unknown, path: readonly string[] = []): Difference[] {
  if (isSame(was, is)) return [];
  if (!isRecord(was) || !isRecord(is)) return [{ path, was, is }];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap((key) =>
    differences(was[key], is[key], [...path, key]),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
