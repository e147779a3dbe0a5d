import { describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { askMaster, describeMaster } from '../../../../cli/status/replication.js';

/** Of Redis 7.0.15, as a master with two replicas says it. */
const info = [
  '# Replication',
  'role:master',
  'connected_slaves:2',
  'min_slaves_good_slaves:2',
  'slave0:ip=10.213.0.130,port=6379,state=online,offset=52061,lag=0',
  'slave1:ip=10.213.0.131,port=6379,state=online,offset=52000,lag=1',
  'master_failover_state:no-failover',
  'master_repl_offset:52061',
  '',
  '# Persistence',
  'rdb_last_bgsave_status:ok',
  'aof_last_bgrewrite_status:ok',
  'aof_last_write_status:ok',
  '',
].join('\r\n');

const names = (address: string) => `redis-${Number(address.split('.')[3]) - 130}`;
const nodes = ['redis-0', 'redis-1', 'redis-2'];
const look = (text: string, all = nodes) => describeMaster(text, '10.213.0.132', names, all);

describe('the master', () => {
  it('tells each replica its link, offset and lag', () => {
    expect(look(info)).toEqual({
      findings: [],
      status: {
        master: 'redis-2',
        address: '10.213.0.132',
        offset: 52_061,
        replicas: [
          { name: 'redis-0', address: '10.213.0.130', link: 'online', offset: 52_061, bytesBehind: 0, lagSeconds: 0 },
          { name: 'redis-1', address: '10.213.0.131', link: 'online', offset: 52_000, bytesBehind: 61, lagSeconds: 1 },
        ],
        lease: null,
      },
    });
  });

  it('that is fenced without a lease shows how long its own lasts', () => {
    const lease = (writable: number, left: number) =>
      `${info}# rplease\r\nrplease_writable:${writable}\r\nrplease_remaining_ms:${left}\r\nrplease_hold:0\r\nrplease_fences:2\r\n`;
    expect(look(lease(1, 1240))).toMatchObject({ findings: [], status: { lease: { remainingMs: 1240, fences: 2 } } });
    const waiting = look(lease(0, 0));
    expect(waiting.status?.lease).toEqual({ remainingMs: 0, fences: 2 });
    expect(waiting.findings).toEqual([
      {
        about: 'redis-2',
        problem: 'redis-2 is the master and waits for its lease: it takes no writes until most Sentinels answer it.',
      },
    ]);
  });

  it('without replicas is well where none is declared', () => {
    const alone = 'role:master\r\nconnected_slaves:0\r\nmaster_repl_offset:0\r\n';
    expect(look(alone, ['redis-2'])).toMatchObject({ findings: [], status: { replicas: [] } });
    expect(look(alone).findings).toHaveLength(2);
  });

  it.each([
    ['is gone', /slave1.*\r\n/, '', 'redis-1 does not replicate from the master, redis-2.'],
    [
      'gets a snapshot',
      'state=online,offset=52000',
      'state=send_bulk,offset=0',
      'redis-1 is not in sync with redis-2 yet (send_bulk).',
    ],
    ['is silent', 'lag=1', 'lag=4', 'redis-1 was last heard of by redis-2 4 s ago (more than 3 s).'],
  ])('names a replica that %s', (_, from, to, problem) => {
    expect(look(info.replace(from, to)).findings).toEqual([{ about: 'redis-1', problem }]);
  });

  it('that cannot write its data, or is none, is a problem', () => {
    expect(
      look(info.replace('rdb_last_bgsave_status:ok', 'rdb_last_bgsave_status:err')).findings[0]?.problem,
    ).toContain('redis-2 could not save its last snapshot (RDB)');
    const replica = 'role:slave\r\nmaster_link_status:up\r\nmaster_repl_offset:1\r\n';
    expect(look(replica, ['redis-2']).findings[0]?.problem).toBe(
      'the master port leads to redis-2, which is a replica.',
    );
  });

  it('that accepts a connection and stays silent costs a second', async () => {
    const silent = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const target = {
      host: '127.0.0.1',
      port: (silent.address() as AddressInfo).port,
      username: 'admin',
      passwords: ['x'],
    };
    // Or it would wait for ever.
    const { status, findings } = await askMaster(target, names, nodes);
    expect(status).toBeNull();
    expect(findings[0]?.problem).toContain('does not answer (no answer within 1 s)');
    silent.close();
  });

  it('is asked with one password after the other while they change, and each is refused alone', async () => {
    const tried: string[] = [];
    const server = createServer((socket) => {
      socket.on('data', (data) => {
        const password = /AUTH\r\n\$5\r\nadmin\r\n\$\d+\r\n(\w+)/i.exec(data.toString())?.[1];
        if (password === undefined) return;
        tried.push(password);
        socket.write('-WRONGPASS invalid username-password pair or user is disabled.\r\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const port = (server.address() as AddressInfo).port;
    const target = { host: '127.0.0.1', port, username: 'admin', passwords: ['newer', 'older'] };
    const { findings } = await askMaster(target, names, nodes);
    expect(findings[0]?.problem).toContain('does not accept the password');
    expect(tried).toEqual(['newer', 'older']);
    await new Promise((resolve) => server.close(resolve));
  });

  it('behind a proxy that closes the connection, or that is gone, is explained', async () => {
    const closing = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => closing.listen(0, '127.0.0.1', resolve));
    const target = {
      host: '127.0.0.1',
      port: (closing.address() as AddressInfo).port,
      username: 'admin',
      passwords: ['x'],
    };
    expect((await askMaster(target, names, nodes)).findings[0]?.problem).toContain('the proxy has nothing to lead');
    await new Promise((resolve) => closing.close(resolve));
    expect((await askMaster(target, names, nodes)).findings[0]?.problem).toContain('nothing listens at');
  });
});
