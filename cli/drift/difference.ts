/** What of the engine differs from what is declared, and how it is put right. */
export interface Difference {
  /** E.g. `container rp-dev-redis-0 is also a member of network bridge`. */
  readonly what: string;
  /** Of the resource in the program; undefined for what is not declared at all. */
  readonly address: string | undefined;
  readonly repair: Repair;
}

export type Repair =
  /** Terraform sees it by itself when it looks at the engine; what has to be made anew with it is named. */
  | { readonly by: 'refresh'; readonly addresses: readonly string[] }
  /** Made anew, with whatever else cannot stay without it. */
  | { readonly by: 'replace'; readonly addresses: readonly string[] }
  | { readonly by: 'disconnect'; readonly container: string; readonly network: string }
  | { readonly by: 'unpause'; readonly container: string }
  | { readonly by: 'rename'; readonly container: string; readonly to: string }
  /** It stands in the place of what was applied. */
  | { readonly by: 'removal'; readonly kind: 'container' | 'network'; readonly id: string; readonly name: string }
  /** Not ours to touch. */
  | { readonly by: 'user'; readonly fix: string };

/** What is to be made anew. */
export function replacements(differences: readonly Difference[]): string[] {
  return [...new Set(differences.flatMap(({ repair }) => ('addresses' in repair ? repair.addresses : [])))].sort();
}

/** Whether Terraform has to look at the engine: by itself it would go on with things that are not there. */
export function needsRefresh(differences: readonly Difference[]): boolean {
  return differences.some(({ repair: { by } }) => by === 'refresh' || by === 'removal' || by === 'rename');
}
