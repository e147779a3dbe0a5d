import type { Duration } from '../../constructs/core/units.js';
import { readSecret } from '../../cli/secrets.js';
import { eventually } from './eventually.js';
import type { Platform } from './platform.js';

/** A stored line, as it was sent. */
export type StoredLine = Readonly<Record<string, unknown>>;

const PAGE = 5000;

/** Elasticsearch as tests ask it: the whole answer, nothing left out. */
export class LogLines {
  constructor(private readonly platform: Platform) {}

  /** @param user one of the log stack's; undefined for nobody */
  async call(method: string, path: string, { body, user }: { body?: object; user?: string } = {}): Promise<Response> {
    const { logs } = this.platform.outputs;
    if (!logs) throw new Error('the log store is not published');
    const password = user === undefined ? '' : readSecret(this.platform.context.paths, `logs-${user}`);
    const authorization = `Basic ${Buffer.from(`${user ?? ''}:${password}`).toString('base64')}`;
    return fetch(`${logs.elasticsearchUrl}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(user !== undefined && { authorization }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
  }

  /** All lines that a query finds, each with its id. */
  async find(query: object = { match_all: {} }): Promise<{ readonly id: string; readonly line: StoredLine }[]> {
    const found: { id: string; line: StoredLine }[] = [];
    let after: unknown[] | undefined;
    for (;;) {
      // As text: a number of JavaScript cannot hold nanoseconds, and pages would overlap.
      const time = { order: 'asc', format: 'strict_date_optional_time_nanos' };
      const body = { query, size: PAGE, sort: [{ '@timestamp': time }, { 'event.id': 'asc' }], search_after: after };
      const response = await this.call('POST', `/${this.pattern}/_search`, { user: 'reader', body });
      if (!response.ok) throw new Error(`the log store answers ${response.status}: ${await response.text()}`);
      const { hits } = (await response.json()) as {
        hits: { hits: { _id: string; _source: StoredLine; sort: unknown[] }[] };
      };
      found.push(...hits.hits.map(({ _id, _source }) => ({ id: _id, line: _source })));
      after = hits.hits.at(-1)?.sort;
      if (hits.hits.length < PAGE) return found;
    }
  }
  /** Waits until a query finds as many lines as wanted. */
  async arrived(query: object, wanted: number, within: Duration): Promise<StoredLine[]> {
    return eventually(
      async () => {
        const lines = (await this.find(query)).map(({ line }) => line);
        if (lines.length < wanted) throw new Error(`${lines.length} of ${wanted} lines are there`);
        return lines;
      },
      { within, every: 500 },
    );
  }
  get pattern(): string {
    return this.platform.outputs.logs?.indexPattern ?? '';
  }
}
