import { createConnection, type Socket } from 'node:net';
import { isRefused, type RedisTarget } from '../status/redis-connection.js';

/** A node that waits for its own fork says so every 10 s (repl-ping-replica-period). */
const SILENCE_MS = 30_000;
/** Of the mark that ends a snapshot whose length is not known beforehand. */
const MARK_BYTES = 40;

/** Where a snapshot stands in the replication's stream. */
export interface SnapshotOffset {
  readonly replication: string;
  readonly offset: number;
}

/**
 * A connection to a Redis node that asks for commands first and, in the end, for a snapshot, as a replica does (PSYNC). The node
 * forks and sends what it has at one offset, while writes go on; nothing is written to its disk where it replicates diskless,
 * which is Redis' default.
 */
export class ReplicationLink {
  private readonly chunks: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);

  private constructor(private readonly socket: Socket) {
    this.chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** @throws if the node cannot be reached or does not let this user in */
  static async open({ host, port, username, passwords }: RedisTarget): Promise<ReplicationLink> {
    const socket = createConnection({ host, port });
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error(`silent for ${SILENCE_MS / 1000} s`)));
    const link = new ReplicationLink(socket);
    try {
      await link.logIn(username, passwords);
      return link;
    } catch (error) {
      link.close();
      throw error;
    }
  }

  close(): void {
    this.socket.destroy();
  }

  private async logIn(username: string, [password = '', ...others]: readonly string[]): Promise<void> {
    try {
      await this.call('AUTH', username, password);
    } catch (error) {
      if (others.length === 0 || !isRefused(error)) throw error;
      await this.logIn(username, others);
    }
  }

  /** @returns simple and bulk strings; no other answers are asked for */
  async call(...words: readonly string[]): Promise<string> {
    this.socket.write(
      `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`,
    );
    const line = await this.line();
    if (line.startsWith('+')) return line.slice(1);
    if (line.startsWith('$')) {
      const body = await this.take(Number(line.slice(1)) + 2);
      return body.subarray(0, -2).toString('utf8');
    }
    throw new Error(line.startsWith('-') ? line.slice(1) : `unexpected answer ${line.slice(0, 40)}`);
  }

  /**
   * Asks for a snapshot. Nothing else can be asked afterwards.
   * @returns where it stands, and its bytes; they end with an error if the node does not send all of it
   */
  async snapshot(): Promise<SnapshotOffset & { readonly bytes: AsyncIterable<Buffer> }> {
    // A Sentinel that sees us in its master's list would remember us as a replica for ever. It refuses such a port, and so the entry.
    await this.call('REPLCONF', 'listening-port', '65536');
    // Without `rdb-only`, the node would keep all that is written meanwhile, for us.
    await this.call('REPLCONF', 'rdb-only', '1', 'capa', 'eof');
    const answer = await this.call('PSYNC', '?', '-1');
    const [word, replication = '', offset = ''] = answer.split(' ');
    if (word !== 'FULLRESYNC' || !/^\d+$/.test(offset)) throw new Error(`PSYNC was answered with ${answer}`);
    return { replication, offset: Number(offset), bytes: this.snapshotBytes() };
  }

  private async *snapshotBytes(): AsyncGenerator<Buffer> {
    let header = '';
    // Empty lines keep the connection alive while the node prepares.
    while (header === '') header = await this.line();
    if (header.startsWith('$EOF:')) yield* this.untilMark(Buffer.from(header.slice(5), 'latin1'));
    else if (/^\$\d+$/.test(header)) yield* this.exactly(Number(header.slice(1)));
    else throw new Error(header.startsWith('-') ? header.slice(1) : `unexpected answer ${header.slice(0, 40)}`);
  }

  private async *exactly(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0;) {
      if (this.rest.length === 0) await this.more();
      const chunk = this.rest.subarray(0, left);
      this.rest = this.rest.subarray(chunk.length);
      left -= chunk.length;
      yield chunk;
    }
  }

  private async *untilMark(mark: Buffer): AsyncGenerator<Buffer> {
    if (mark.length !== MARK_BYTES) throw new Error(`a mark of ${mark.length} bytes`);
    while (!this.rest.subarray(-MARK_BYTES).equals(mark)) {
      // It may come in pieces.
      const sure = Math.max(0, this.rest.length - MARK_BYTES);
      if (sure > 0) yield this.rest.subarray(0, sure);
      this.rest = this.rest.subarray(sure);
      await this.more();
    }
    yield this.rest.subarray(0, -MARK_BYTES);
  }

  private async line(): Promise<string> {
    let end: number;
    while ((end = this.rest.indexOf('\n')) < 0) await this.more();
    const line = await this.take(end + 1);
    return line.toString('latin1').replace(/\r?\n$/, '');
  }

  private async take(length: number): Promise<Buffer> {
    while (this.rest.length < length) await this.more();
    const taken = this.rest.subarray(0, length);
    this.rest = this.rest.subarray(length);
    return taken;
  }

  private async more(): Promise<void> {
    const next = await this.chunks.next();
    if (next.done === true) throw new Error('the connection ended too early');
    this.rest = this.rest.length === 0 ? next.value : Buffer.concat([this.rest, next.value]);
  }
}
