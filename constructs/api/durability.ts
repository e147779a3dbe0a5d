/** What a 2xx answer to a write stands for: that replicas have it too, or the master alone. */
export const DURABILITIES = ['replicated', 'master'] as const;
export type Durability = (typeof DURABILITIES)[number];

/** What of a Redis decides over durability. */
interface Replication {
  readonly replicas: number;
  readonly minReplicasToWrite: number;
}

/** The replicas that must confirm a write: as many as the master needs to take it, and one at least. 0 for `'master'`. */
export function confirmations(durability: Durability, { minReplicasToWrite }: Replication): number {
  return durability === 'replicated' ? Math.max(1, minReplicasToWrite) : 0;
}

/** @returns what is allowed and what to do where nobody could confirm a write */
export function durabilityProblem(
  durability: Durability,
  replicas: number,
): { readonly allowed: string; readonly fix: string } | undefined {
  if (durability === 'master' || replicas > 0) return undefined;
  return {
    allowed: "'master' where Redis has no replicas",
    fix: "Leave it out, or give Redis replicas: 'replicated' answers a write once a replica has it.",
  };
}
