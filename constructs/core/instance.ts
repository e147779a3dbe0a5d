/** One container of a service. */
export interface Instance {
  readonly index: number;
  /** Short name, e.g. `redis-0`. */
  readonly name: string;
}
