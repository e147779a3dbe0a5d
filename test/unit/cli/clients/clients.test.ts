import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { type Client, CLIENTS, findClient, renderClient } from '../../../../cli/clients/index.js';
import { outputsCommand } from '../../../../cli/commands/outputs.js';
import type { Outputs } from '../../../../cli/outputs.js';
import { contextIn } from '../../../support/offline-deployment.js';

const at = (port: number) => ({ host: '127.0.0.1', port });

function outputs(password: string | null, sentinelPassword: string | null): Outputs {
  return {
    list: [],
    api: { url: 'http://127.0.0.1:8080' },
    redis: {
      masterUrl: 'redis://127.0.0.1:6379',
      replicasUrl: 'redis://127.0.0.1:6380',
      masterName: 'platform',
      sentinels: [at(26_379), at(26_380), at(26_381)],
      natMap: { '10.213.0.130:6379': at(6390), '10.213.1.2:26379': at(26_379) },
      nodes: [],
      username: 'app',
      sentinelUsername: 'finder',
      password,
      sentinelPassword,
    },
    statistics: { url: 'http://127.0.0.1:8404/', username: 'admin', password: null },
    logs: null,
    passwordFiles: {
      redis: '.platform/dev/secrets/redis-app',
      sentinel: '.platform/dev/secrets/redis-sentinel-app',
      statistics: '.platform/dev/secrets/proxy-stats',
      logs: null,
    },
  };
}

const hidden = outputs(null, null);
const shown = outputs('secret-of-redis', 'secret-of-sentinels');

/** Where the tests take each client from. Ruby's is Debian's. */
const INSTALLED: Readonly<Record<string, [file: string, line: (version: string) => string]>> = {
  ioredis: ['package.json', (version) => `"ioredis": "${version}"`],
  'node-redis': ['package.json', (version) => `"redis": "${version}"`],
  'redis-py': ['test/clients/requirements.txt', (version) => `redis==${version}`],
  'go-redis': ['test/clients/go.mod', (version) => `github.com/redis/go-redis/v9 v${version}`],
  jedis: ['test/clients/pom.xml', (version) => `<artifactId>jedis</artifactId>\n      <version>${version}</version>`],
};

const each = CLIENTS.map((client): [string, Client] => [client.name, client]);

describe.each(each)('the code for %s', (name, client) => {
  it('reads passwords from their files, and holds them only if asked to', () => {
    const code = renderClient(client, hidden);
    expect(code).toContain(hidden.passwordFiles.redis);
    expect(renderClient(client, shown)).toContain('secret-of-redis');
    expect(renderClient(client, shown)).not.toContain('.platform');
    if (client.way === 'Sentinels') {
      expect(code).toContain(hidden.passwordFiles.sentinel);
      expect(renderClient(client, shown)).toContain('secret-of-sentinels');
    }
  });

  it('knows every port that its way needs, and who logs in there', () => {
    const code = renderClient(client, hidden);
    const needed =
      client.way === 'Sentinels'
        ? ['26379', '26380', '26381', '6390', '10.213.0.130:6379', 'platform', 'app', 'finder']
        : ['6379', 'app'];
    expect(needed.filter((part) => !code.includes(part))).toEqual([]);
    expect(code).not.toContain('undefined');
    expect(code).toMatch(/[^\n]\n$/);
  });

  it('names the version that is tested', () => {
    expect(renderClient(client, hidden).split('\n')[0]).toContain(`${name} ${client.version} by the ${client.way}`);
    const installed = INSTALLED[name];
    if (!installed) return;
    const [file, line] = installed;
    expect(readFileSync(file, 'utf8').replaceAll('\r\n', '\n')).toContain(line(client.version));
  });
});

it('a client is found whatever its case, and others are refused with those that there are', () => {
  expect(findClient('Jedis').name).toBe('jedis');
  for (const unknown of ['', 'redis', 'jedis ', 'stackexchange.redis']) {
    expect(() => findClient(unknown)).toThrow(
      /does not name a client .*ioredis, node-redis, redis-py, go-redis, jedis, redis-rb.*--json/s,
    );
  }
});

it('code and data at once are refused before anything is read', () => {
  const context = contextIn();
  expect(() => outputsCommand(context, { client: 'jedis', json: true })).toThrow('--client prints code');
  expect(() => outputsCommand(context, { client: 'nobody' })).toThrow('--client does not name a client');
  expect(() => outputsCommand(context, { client: 'jedis' })).toThrow('is not deployed');
});
