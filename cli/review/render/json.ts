import { counts, type Review } from '../review.js';

/** For scripts. Ends with a line feed. */
export function renderJson({ base, tree, environments, findings }: Review): string {
  const report = {
    formatVersion: 1,
    base,
    tree,
    counts: Object.fromEntries(counts(findings)),
    findings,
    environments: environments.map(({ name, before, after, outcomes, cost, planned }) => ({
      name,
      in: before && after ? 'both' : after ? 'tree' : 'base',
      containers: outcomes,
      limits: cost,
      planned: planned ?? null,
    })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
