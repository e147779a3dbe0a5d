import { z } from 'zod';
import { PlatformError } from '../../constructs/core/platform-error.js';
import { within } from '../status/deadline.js';
import { flatten, type Line } from './line.js';
import { type Marks, marksQuery } from './query.js';
import type { Selection } from './selection.js';

/** A search through gigabytes on a busy machine; a store that is away usually refuses at once. */
const ANSWER_MS = 30_000;

/** Where the lines are, and as whom they are read. */
export interface StoreAccess {
  readonly elasticsearchUrl: string;
  readonly indexPattern: string;
  readonly username: string;
  readonly password: string;
}

/** A line and where it is stored. */
export interface Hit {
  readonly index: string;
  readonly id: string;
  /** In the order of arrival in its index. */
  readonly number: number;
  /** Where the next page goes on. */
  readonly sort: readonly unknown[];
  readonly line: Line;
}

/** The store cannot be asked now; it may be later. */
export class StoreUnavailable extends PlatformError {
  constructor(
    url: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      {
        what: `the log store at ${url} does not answer`,
        got: reason,
        fix: 'It may still be starting. `npm run status` shows how it is, `npm start` starts what does not run.',
      },
      options,
    );
  }
}

const Answer = z.object({
  hits: z.object({
    hits: z.array(
      z.object({
        _index: z.string(),
        _id: z.string(),
        _seq_no: z.number(),
        sort: z.array(z.unknown()),
        _source: z.record(z.string(), z.unknown()),
      }),
    ),
  }),
});

const MarksAnswer = z.object({
  aggregations: z
    .object({
      indices: z.object({ buckets: z.array(z.object({ key: z.string(), last: z.object({ value: z.number() }) })) }),
    })
    // Absent without any index.
    .optional(),
});

/** Reads lines from Elasticsearch (9.0, `_search` only: the distribution for integration tests has that too). */
export class LogStore {
  constructor(
    private readonly access: StoreAccess,
    private readonly answerMs = ANSWER_MS,
  ) {}

  /** @throws StoreUnavailable, or PlatformError if it refuses */
  async search(query: object, stop?: AbortSignal): Promise<Hit[]> {
    const { hits } = this.parse(Answer, await this.ask(query, stop));
    return hits.hits.map(({ _index, _id, _seq_no, sort, _source }) => ({
      index: _index,
      id: _id,
      number: _seq_no,
      sort,
      line: flatten(_source),
    }));
  }

  /** How far each index is by now; only those with lines since the selection's begin. @throws as `search` */
  async marks(selection: Selection, stop?: AbortSignal): Promise<Marks> {
    const { aggregations } = this.parse(MarksAnswer, await this.ask(marksQuery(selection), stop));
    return new Map(aggregations?.indices.buckets.map(({ key, last }) => [key, last.value]));
  }

  private async ask(query: object, stop?: AbortSignal): Promise<string> {
    const { elasticsearchUrl, indexPattern, username, password } = this.access;
    // Half an answer would look like a whole one with fewer lines.
    const url = `${elasticsearchUrl}/${encodeURIComponent(indexPattern)}/_search?allow_partial_search_results=false`;
    const abort = new AbortController();
    const request = async () => {
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(query),
        signal: abort.signal,
      });
      return { status: answer.status, text: await answer.text() };
    };
    const { status, text } = await within(this.answerMs, unlessStopped(request(), stop))
      .catch((cause: unknown) => {
        stop?.throwIfAborted();
        throw new StoreUnavailable(elasticsearchUrl, reasonOf(cause), { cause });
      })
      .finally(() => {
        abort.abort();
      });
    if (status === 200) return text;
    if (status === 401 || status === 403) {
      throw new PlatformError({
        what: `the log store at ${elasticsearchUrl} does not accept ${username}'s password`,
        fix: 'Its secret file changed since the last `npm start`: run it again.',
      });
    }
    if (status === 429 || status >= 500) throw new StoreUnavailable(elasticsearchUrl, `HTTP status ${status}`);
    throw this.misfit(`HTTP status ${status}: ${text.slice(0, 300)}`);
  }

  private parse<T>(schema: z.ZodType<T>, text: string): T {
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      throw this.misfit(text.slice(0, 300), { cause });
    }
  }

  private misfit(got: string, options?: ErrorOptions): PlatformError {
    return new PlatformError(
      {
        what: `what answers at ${this.access.elasticsearchUrl} does not do so as Elasticsearch 9`,
        got,
        fix: 'If another program has taken the port, stop it; then run `npm start`.',
      },
      options,
    );
  }
}

/** Rejects at once when it is stopped: fetch alone may not, where it has lost its answer. */
async function unlessStopped<T>(work: Promise<T>, stop: AbortSignal | undefined): Promise<T> {
  if (!stop) return work;
  let onAbort: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(new Error('stopped'));
    };
    stop.addEventListener('abort', onAbort);
    if (stop.aborted) onAbort();
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    if (onAbort) stop.removeEventListener('abort', onAbort);
  }
}

/** fetch says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { message?: string; code?: string }; message?: string };
  // `localhost` has two addresses, and their common error no message.
  return cause?.message || cause?.code || message || String(error);
}
