import { randomBytes } from 'node:crypto';
import type { Duration } from '../../constructs/core/units.js';
import { readSecret } from '../../cli/deployment/secrets.js';
import { eventually } from './eventually.js';
import { runHelper } from './helper-container.js';
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
    return fetch(`${logs.elasticsearchUrl}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(user !== undefined && { authorization: this.authorization(user) }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
  }

  /** @param user one of the log stack's */
  authorization(user: string): string {
    const password = readSecret(this.platform.context.paths, `logs-${user}`);
    return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  }

  /**
   * The lines that a query finds, oldest first, each with its id.
   * @param most this many are enough
   * @default all of them
   */
  async find(
    query: object = { match_all: {} },
    most = Infinity,
  ): Promise<{ readonly id: string; readonly line: StoredLine }[]> {
    const found: { id: string; line: StoredLine }[] = [];
    let after: unknown[] | undefined;
    for (;;) {
      // As text: a number of JavaScript cannot hold nanoseconds, and pages would overlap.
      const time = { order: 'asc', format: 'strict_date_optional_time_nanos' };
      const size = Math.min(PAGE, most - found.length);
      const body = { query, size, sort: [{ '@timestamp': time }, { 'event.id': 'asc' }], search_after: after };
      const response = await this.call('POST', `/${this.pattern}/_search`, { user: 'reader', body });
      if (!response.ok) throw new Error(`the log store answers ${response.status}: ${await response.text()}`);
      const { hits } = (await response.json()) as {
        hits: { hits: { _id: string; _source: StoredLine; sort: unknown[] }[] };
      };
      found.push(...hits.hits.map(({ _id, _source }) => ({ id: _id, line: _source })));
      after = hits.hits.at(-1)?.sort;
      if (hits.hits.length < size || found.length >= most) return found;
    }
  }

  /**
   * Waits until a query finds as many lines as wanted.
   * @param most see `find`
   */
  async arrived(query: object, wanted: number, within: Duration, most = Infinity): Promise<StoredLine[]> {
    return eventually(
      async () => {
        const lines = (await this.find(query, most)).map(({ line }) => line);
        if (lines.length < wanted) throw new Error(`${lines.length} of ${wanted} lines are there`);
        return lines;
      },
      { within, every: 500 },
    );
  }

  /** Adds lines as the shipper does, of any day. */
  async add(lines: readonly { readonly day: Date; readonly fields: object }[]): Promise<Response> {
    const text = lines.map(({ day, fields }) => {
      const id = randomBytes(8).toString('hex');
      const whole = {
        '@timestamp': day.toISOString(),
        'event.id': id,
        service: { name: 'by-hand', instance: 'by-hand-0' },
      };
      const create = { create: { _index: this.indexOf(day), _id: id } };
      return `${JSON.stringify(create)}\n${JSON.stringify({ ...whole, ...fields })}\n`;
    });
    return fetch(`${this.platform.outputs.logs?.elasticsearchUrl ?? ''}/_bulk`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson', authorization: this.authorization('shipper') },
      body: text.join(''),
      signal: AbortSignal.timeout(60_000),
    });
  }

  /** Appends lines to a file in the log volume of a container, as an image does that writes its own: no log-run reads them. */
  async writeFile(container: string, name: string, lines: readonly string[]): Promise<void> {
    const quoted = lines.map((line) => `'${line.replaceAll("'", `'\\''`)}'`).join(' ');
    await runHelper(this.platform, `printf '%s\\n' ${quoted} >> /logs/${name}.log`, {
      Binds: [`${this.platform.containerName(container)}-logs:/logs`],
    });
  }

  /** Names of the indices that are there, one a day. */
  async indices(): Promise<string[]> {
    const answer = await this.call('GET', `/_cat/indices/${this.pattern}?h=index`, { user: 'keeper' });
    return (await answer.text()).trim().split('\n');
  }

  indexOf(day: Date): string {
    return this.pattern.replace('*', day.toISOString().slice(0, 10).replaceAll('-', '.'));
  }

  get pattern(): string {
    return this.platform.outputs.logs?.indexPattern ?? '';
  }
}
