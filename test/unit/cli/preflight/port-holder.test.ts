import { describe, expect, it } from '@jest/globals';
import { type AddressInfo, createServer } from 'node:net';
import {
  describeHolder,
  describeWindows,
  holderFromProc,
  listenersIn,
  parseLsof,
  parseNetstat,
  parseSs,
  parseTasklist,
} from '../../../../cli/preflight/port-holder.js';

describe('who holds a port', () => {
  it('is read from ss', () => {
    expect(
      parseSs(
        'LISTEN 0      511             127.0.0.1:6379       0.0.0.0:*    users:(("redis-server",pid=14967,fd=6))\n',
      ),
    ).toBe('redis-server (process 14967)');
    expect(parseSs('LISTEN 0      511             127.0.0.1:6379       0.0.0.0:*    \n')).toBeUndefined();
  });

  it('is read from lsof', () => {
    expect(parseLsof('p14967\ncredis-server\nf6\n')).toBe('redis-server (process 14967)');
    expect(parseLsof('')).toBeUndefined();
  });

  it('is read from netstat in any language, and from tasklist', () => {
    const netstat = [
      '  Proto  Lokale Adresse         Remoteadresse          Status           PID',
      '  TCP    127.0.0.1:16379        0.0.0.0:0              ABHÖREN          1111',
      '  TCP    127.0.0.1:6379         127.0.0.1:50000        HERGESTELLT      2222',
      '  TCP    127.0.0.1:6379         0.0.0.0:0              ABHÖREN          4321',
    ].join('\r\n');
    expect(parseNetstat(netstat, 6379)).toBe('4321');
    expect(parseNetstat(netstat, 8080)).toBeUndefined();
    expect(parseTasklist('\r\n"redis-server.exe","4321","Console","1","9.876 K"\r\n')).toBe('redis-server.exe');
    expect(parseTasklist('INFO: No tasks are running which match the specified criteria.\r\n')).toBeUndefined();
  });

  it('is the program in WSL or the container, not who passes its port on to Windows', () => {
    expect(describeWindows('wslrelay.exe', '4321')).toMatch(
      /^a program in Windows Subsystem for Linux, e.g. a Redis.*, through wslrelay.exe \(process 4321\)$/,
    );
    expect(describeWindows('com.docker.backend.exe', '1')).toMatch(/^a container of Docker Desktop/);
    expect(describeWindows('redis-server.exe', '7')).toBe('redis-server.exe (process 7)');
    expect(describeWindows(undefined, '7')).toBe('process 7');
  });

  it('is found through the table of sockets', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:18EB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 81234 1 0000 100 0 0 10 0',
      '   1: 0100007F:18EB 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 81999 1 0000 20 4 30 10 -1',
    ].join('\n');
    expect(listenersIn(table, 6379)).toEqual(['81234']);
    expect(listenersIn(table, 6380)).toEqual([]);
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('is this process, for a port that it listens on', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await describeHolder(port)).toContain(`(process ${process.pid})`);
    expect(holderFromProc(port)).toContain(`(process ${process.pid})`);
    server.close();
  });
});
