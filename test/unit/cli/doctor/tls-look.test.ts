import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { lookAtTls } from '../../../../cli/doctor/tls-look.js';
import { findProgram } from '../../../../cli/bootstrap/programs.mjs';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const withOpenssl = findProgram('openssl') === undefined ? describe.skip : describe;
withOpenssl('certificates that servers show (made with openssl)', () => {
  let key = '';
  let certificate = '';
  beforeAll(() => {
    const folder = temporaryFolder();
    const [keyFile, certificateFile] = [join(folder, 'key'), join(folder, 'certificate')];
    const subject = ['-subj', '/O=Company/CN=Company Root CA', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        keyFile,
        '-out',
        certificateFile,
        '-days',
        '2',
        ...subject,
      ],
      { stdio: 'ignore' },
    );
    [key, certificate] = [readFileSync(keyFile, 'utf8'), readFileSync(certificateFile, 'utf8')];
  });
  const none = () => Promise.resolve('');

  test('of a company: refused, and known to the system or not', async () => {
    const port = await listening(createServer({ key, cert: certificate }));
    const registry = `https://127.0.0.1:${port}/`;
    const expected = { host: '127.0.0.1', issuer: 'Company Root CA', isPublic: false };
    const refusal: unknown = expect.stringMatching(/SELF_SIGNED/);
    expect(await lookAtTls(registry, {}, none)).toEqual({ ...expected, refusal, inSystem: false });
    const system = () =>
      Promise.resolve(`-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${certificate}`);
    expect(await lookAtTls(registry, {}, system)).toEqual({ ...expected, refusal, inSystem: true });
  });

  test('are asked for through the proxy', async () => {
    const port = await listening(createServer({ key, cert: certificate }));
    const paths: (string | undefined)[] = [];
    const proxy = createHttpServer();
    proxy.on('connect', ({ url }, socket) => {
      paths.push(url);
      const through = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        through.pipe(socket).pipe(through);
      });
      socket.on('error', () => through.destroy());
    });
    const proxyPort = await listening(proxy);
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxyPort}` };
    const look = await lookAtTls('https://registry.example:8443/', env, none);
    expect([look.host, look.issuer, paths]).toEqual(['registry.example', 'Company Root CA', ['registry.example:8443']]);
  });

  test('nobody knows where none answers, or without TLS', async () => {
    const port = await listening(createTcpServer((socket) => socket.end('no TLS')));
    await expect(lookAtTls(`https://127.0.0.1:${port}/`, {}, none)).rejects.toThrow();
    await expect(lookAtTls('http://127.0.0.1/', {}, none)).rejects.toThrow('without TLS');
  });
});
