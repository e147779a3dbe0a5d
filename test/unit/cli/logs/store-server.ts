import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StoreAccess } from '../../../../cli/logs/store.js';

/** A line as it is stored. */
export interface Stored {
  readonly index: string;
  readonly number: number;
  readonly source: Readonly<Record<string, unknown>>;
}

interface Search {
  readonly size: number;
  readonly query: Clause;
  readonly sort?: readonly [object, object];
  readonly search_after?: readonly [string | number, string];
}

interface Clause {
  readonly bool?: { readonly filter?: Clause[]; readonly should?: Clause[]; readonly must_not?: Clause[] };
  readonly term?: Readonly<Record<string, unknown>>;
  readonly terms?: Readonly<Record<string, readonly unknown[]>>;
  readonly range?: Readonly<
    Record<string, { gte?: string | number; lt?: string | number; gt?: string | number; lte?: string | number }>
  >;
}

/** Answers searches over a few lines as Elasticsearch 9.0.0 was seen to do, in as far as the CLI asks. */
export class StoreServer {
  readonly lines: Stored[] = [];
  /** What was asked. */
  readonly searches: Search[] = [];
  /** Answers instead, while it is set. */
  instead: RequestListener | undefined;
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      if (this.instead) {
        this.instead(request, response);
        return;
      }
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const search = JSON.parse(Buffer.concat(pieces).toString()) as Search;
        this.searches.push(search);
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(search.size === 0 ? this.marks(search) : this.hits(search)));
      });
    });
  }

  async start(): Promise<StoreAccess> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = this.server.address() as AddressInfo;
    return {
      elasticsearchUrl: `http://127.0.0.1:${port}`,
      indexPattern: 'platform-logs-*',
      username: 'reader',
      password: 'secret',
    };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** @param number by default, the next one of its index */
  add(
    id: string,
    time: string,
    { index = 'platform-logs-a', number, ...fields }: Partial<Stored> & Record<string, unknown> = {},
  ) {
    const last = this.lines
      .filter((line) => line.index === index)
      .reduce((max, line) => Math.max(max, line.number), -1);
    const source = { '@timestamp': time, 'event.id': id, message: `line ${id}`, ...fields };
    this.lines.push({ index, number: number ?? last + 1, source });
  }

  private hits({ size, query, sort, search_after: after }: Search): object {
    const isNewest = sort !== undefined && '@timestamp' in sort[0];
    const keyOf = ({ number, source }: Stored): [string | number, string] => [
      isNewest ? String(source['@timestamp']) : number,
      String(source['event.id']),
    ];
    const order = (a: readonly [string | number, string], b: readonly [string | number, string]) =>
      (a[0] === b[0] ? (a[1] < b[1] ? -1 : Number(a[1] > b[1])) : a[0] < b[0] ? -1 : 1) * (isNewest ? -1 : 1);
    const found = this.lines
      .filter((line) => matches(line, query) && (after === undefined || order(keyOf(line), after) > 0))
      .sort((a, b) => order(keyOf(a), keyOf(b)))
      .slice(0, size);
    const hits = found.map((line) => ({
      _index: line.index,
      _id: line.source['event.id'],
      _seq_no: line.number,
      _primary_term: 1,
      _score: null,
      _source: line.source,
      sort: keyOf(line),
    }));
    return { took: 1, timed_out: false, hits: { max_score: null, hits } };
  }

  private marks({ query }: Search): object {
    const found = this.lines.filter((line) => matches(line, query));
    const buckets = [...new Set(found.map(({ index }) => index))].map((key) => ({
      key,
      last: { value: Math.max(...found.filter(({ index }) => index === key).map(({ number }) => number)) },
    }));
    return { hits: { hits: [] }, aggregations: { indices: { buckets } } };
  }
}

function matches(line: Stored, clause: Clause): boolean {
  const { bool, term, terms, range } = clause;
  const valueOf = (field: string) =>
    field === '_index' ? line.index : field === '_seq_no' ? line.number : line.source[field];
  if (bool) {
    const { filter = [], should, must_not = [] } = bool;
    return (
      filter.every((inner) => matches(line, inner)) &&
      (should === undefined || should.some((inner) => matches(line, inner))) &&
      !must_not.some((inner) => matches(line, inner))
    );
  }
  if (term) return Object.entries(term).every(([field, value]) => valueOf(field) === value);
  if (terms) return Object.entries(terms).every(([field, values]) => values.includes(valueOf(field)));
  if (range) {
    return Object.entries(range).every(([field, { gte, lt, gt, lte }]) => {
      const value = valueOf(field) as string | number;
      return !(
        (gte !== undefined && value < gte) ||
        (lt !== undefined && value >= lt) ||
        (gt !== undefined && value <= gt) ||
        (lte !== undefined && value > lte)
      );
    });
  }
  throw new Error(`not known here: ${JSON.stringify(clause)}`);
}
