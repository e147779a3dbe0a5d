import type { Writable } from 'node:stream';

/** How a reader that went away shows, as `head` does after its lines; EOF is Windows' way. */
const GONE = new Set(['EPIPE', 'EOF', 'ERR_STREAM_DESTROYED']);

/** Where lines are written to, no faster than they are read there. */
export class Output {
  /** Whether nobody reads any more. */
  private readonly gone = new AbortController();
  private failure: Error | undefined;

  constructor(private readonly stream: Writable) {
    stream.on('error', this.onError);
  }

  /** Aborted when nobody reads any more. */
  get closed(): AbortSignal {
    return this.gone.signal;
  }

  /**
   * Writes each line with a line feed; nothing once nobody reads.
   * @throws if they cannot be written, e.g. to a full disk
   */
  async write(lines: readonly string[]): Promise<void> {
    if (lines.length === 0 || this.closed.aborted) return;
    const text = lines.map((line) => `${line}\n`).join('');
    await new Promise<void>((resolve) => {
      this.stream.write(text, (error) => {
        if (error) this.onError(error);
        resolve();
      });
    });
    if (this.failure) throw this.failure;
  }

  private readonly onError = (error: NodeJS.ErrnoException) => {
    if (!GONE.has(error.code ?? '')) this.failure ??= error;
    this.gone.abort();
  };
}
