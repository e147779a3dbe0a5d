import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { takeSnapshot } from '../../../../cli/backup/snapshot.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const folder = temporaryFolder('snapshot');
const file = join(folder, 'dump.rdb');
const servers: Server[] = [];
const ID = 'a'.repeat(40);
const MARK = 'm'.repeat(40);

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface Node {
  readonly info: (asked: number) => Record<string, string | number>;
  /** What follows PSYNC, in pieces; an empty last one ends the connection. */
  readonly sync?: readonly string[] | ((syncs: number) => readonly string[]);
  /** What it was told. */
  readonly told?: string[];
}

/** A server that speaks as much Redis as a backup needs. */
async function node({ info, sync = [], told = [] }: Node): Promise<{ host: string; port: number }> {
  let asked = 0;
  let syncs = 0;
  const answer = async (socket: Socket, words: string[]) => {
    const [name = ''] = words;
    told.push(words.join(' '));
    if (name === 'INFO' || name === 'info') {
      const text = Object.entries(info(asked++))
        .map(([field, value]) => `${field}:${value}\r\n`)
        .join('');
      socket.write(`$${text.length}\r\n${text}\r\n`);
    } else if (name === 'PSYNC') {
      const pieces = typeof sync === 'function' ? sync(syncs++) : sync;
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (pieces.at(-1) === '') socket.destroy();
    } else socket.write('+OK\r\n');
  };
  const server = createServer((socket) => {
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      text += data.toString('latin1');
      for (let match; (match = /^\*(\d+)\r\n((?:\$\d+\r\n[^\r]*\r\n)*)/.exec(text)) !== null;) {
        const words = [...(match[2] ?? '').matchAll(/\$\d+\r\n([^\r]*)\r\n/g)].map(([, word = '']) => word);
        if (words.length < Number(match[1])) return;
        text = text.slice(match[0].length);
        void answer(socket, words);
      }
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

const master = (offset = 100) => ({ role: 'master', master_replid: ID, master_repl_offset: offset });
const replica = (offset = 100) => ({
  role: 'slave',
  master_link_status: 'up',
  master_replid: ID,
  master_repl_offset: offset,
  redis_version: '8.0.2',
  db0: 'keys=2,expires=0',
  db3: 'keys=1,expires=1',
  maxmemory: 1000,
  used_memory: 500,
  mem_replication_backlog: 100,
});
const take = async (of: { master: Node; replica: Node }) => {
  const login = { username: 'admin', passwords: ['secret'] };
  const [at, from] = await Promise.all([node(of.master), node(of.replica)]);
  return takeSnapshot(
    { master: { ...at, ...login }, replicas: { ...from, ...login } },
    file,
    () => undefined,
    signal,
    QUICK,
  );
};
// Longer than a busy machine may need for one try.
const QUICK = { pauseMs: 10, patienceMs: 2000 };
const { signal } = new AbortController();
const sent = (text: string, offset = 120, id = ID) => [`+FULLRESYNC ${id} ${offset}\r\n`, '\n', '\n', text];

describe('a snapshot', () => {
  it.each([
    ['of unknown length', sent(`$EOF:${MARK}\r\nREDIS-data${MARK}`)],
    ['whose end comes in pieces', [...sent(`$EOF:${MARK}\r\nREDIS-`), 'data', MARK.slice(0, 3), MARK.slice(3)]],
    ['whose end begins like its data', [...sent(`$EOF:${MARK}\r\nREDIS-da`), `ta${MARK.slice(0, 39)}`, 'm']],
    ['of known length', sent('$10\r\nREDIS-data')],
    ['of known length, in pieces', [...sent('$1'), '0\r', '\nREDIS', '-data']],
  ])('%s is written as it is, with where it stands', async (_, sync) => {
    const told: string[] = [];
    const snapshot = await take({ master: { info: () => master() }, replica: { info: () => replica(), sync, told } });
    expect(readFileSync(file, 'utf8')).toBe('REDIS-data');
    expect(snapshot).toEqual({
      redisVersion: '8.0.2',
      from: 'replica',
      mark: { replication: ID, asked: 100, taken: 120 },
      keys: 3,
      memory: { max: 1000, used: 400 },
      rdb: { bytes: 10, sha256: createHash('sha256').update('REDIS-data').digest('hex') },
    });
    // A Sentinel would remember whoever names a port that can exist.
    expect(told).toContain('REPLCONF listening-port 65536');
  });

  it('is asked for only once the replica has all that the master had', async () => {
    const told: string[] = [];
    const info = (asked: number) => replica(asked < 3 ? 99 : 100);
    await take({ master: { info: () => master() }, replica: { info, sync: sent('$1\r\nx'), told } });
    expect(told.filter((words) => words === 'INFO')).toHaveLength(4);
    expect(told.indexOf('PSYNC ? -1')).toBeGreaterThan(told.lastIndexOf('INFO'));
  });

  it('that stands before the mark, or in another history, is not taken', async () => {
    for (const sync of [sent('$1\r\nx', 99), sent('$1\r\nx', 120, 'b'.repeat(40))]) {
      rmSync(file, { force: true });
      const taken = take({ master: { info: () => master() }, replica: { info: () => replica(), sync } });
      await expect(taken).rejects.toThrow('another node became master meanwhile');
      expect(existsSync(file)).toBe(false);
    }
  });

  it('is tried again, with a new mark, after a failover or an end in the middle', async () => {
    const cut = [...sent(`$EOF:${MARK}\r\nREDIS`), ''];
    const snapshot = await take({
      master: { info: (asked) => master(100 + 20 * asked) },
      replica: { info: () => replica(120), sync: (syncs) => (syncs === 0 ? cut : sent('$10\r\nREDIS-data')) },
    });
    expect(readFileSync(file, 'utf8')).toBe('REDIS-data');
    expect(snapshot.mark).toEqual({ replication: ID, asked: 120, taken: 120 });
  });

  it('of a replica without its master is refused, with what to do', async () => {
    const info = () => ({ ...replica(), master_link_status: 'down' });
    await expect(take({ master: { info: () => master() }, replica: { info } })).rejects.toThrow(
      /got the replica has lost its master.*a replica in sync.*npm run status/,
    );
  });
});
