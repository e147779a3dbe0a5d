import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { temporaryFolder } from '../../support/temporary-folder.js';

let folder: string;
beforeEach(() => {
  folder = temporaryFolder('import');
  writeFileSync(join(folder, 'password'), 'word\n');
  writeFileSync(join(folder, 'objects.ndjson'), '{"type":"dashboard"}\n');
});

interface Asked {
  readonly url: string | undefined;
  readonly authorization: string | undefined;
  readonly xsrf: string | string[] | undefined;
  readonly body: string;
}

/** Runs the import against a Kibana that gives these answers, one after the other. */
async function run(answers: readonly [number, object][]): Promise<{ asked: Asked[]; code: number; lines: object[] }> {
  const asked: Asked[] = [];
  const answer: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { authorization, 'kbn-xsrf': xsrf } = request.headers;
      asked.push({ url: request.url, authorization, xsrf, body: Buffer.concat(chunks).toString() });
      const [status, body] = answers[asked.length - 1] ?? [500, {}];
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify(body));
    });
  };
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const environment = {
      KIBANA: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      IMPORT_USER: 'importer',
      IMPORT_PASSWORD_FILE: join(folder, 'password'),
      IMPORT_FILE: join(folder, 'objects.ndjson'),
      IMPORT_RETRY_MS: '1',
    };
    const { code, stdout } = await new Promise<{ code: number; stdout: string }>((resolve) => {
      const child = execFile(
        process.execPath,
        ['images/kibana/kibana-import.mjs'],
        { env: environment, timeout: 100_000 },
        (_, output) => {
          resolve({ code: child.exitCode ?? -1, stdout: output });
        },
      );
    });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    return { asked, code, lines };
  } finally {
    server.close();
  }
}

test('objects are imported over those that are there, as the importer', async () => {
  const { asked, code, lines } = await run([[200, { success: true, successCount: 1 }]]);
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatchObject({
    url: '/api/saved_objects/_import?overwrite=true',
    authorization: `Basic ${Buffer.from('importer:word').toString('base64')}`,
    xsrf: 'import',
  });
  expect(asked[0]?.body).toMatch(/filename="saved-objects\.ndjson"[^]*\{"type":"dashboard"\}/);
  expect(lines).toEqual([expect.objectContaining({ 'log.level': 'info', message: 'imported 1 saved objects' })]);
  expect(code).toBe(0);
});

test('it waits for Kibana, and for Elasticsearch behind it, however long', async () => {
  const early: [number, object][] = [503, 401, 403, 502, 404].map((status) => [status, {}]);
  const { asked, code } = await run([...early, [200, { success: true, successCount: 1 }]]);
  expect(asked).toHaveLength(6);
  expect(code).toBe(0);
});

test.each([
  ['the whole import', 400, { message: 'not ndjson' }, 'not ndjson'],
  [
    'an object',
    200,
    { success: false, errors: [{ id: 'x', error: { type: 'unsupported_type' } }] },
    'unsupported_type',
  ],
] as const)('what Kibana refuses is reported and not sent for ever: %s', async (_, status, body, reason) => {
  const { asked, code, lines } = await run([[status, body]]);
  expect(asked).toHaveLength(1);
  expect(lines).toEqual([
    expect.objectContaining({ 'log.level': 'error', 'error.message': expect.stringContaining(reason) }),
  ]);
  expect(code).toBe(1);
});

test('the password is in no line', async () => {
  const { lines } = await run([[400, {}]]);
  expect(JSON.stringify(lines)).not.toMatch(/word|Basic/);
});
