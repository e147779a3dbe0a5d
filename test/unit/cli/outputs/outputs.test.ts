import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Context } from '../../../../cli/context.js';
import { readOutputs, renderOutputs } from '../../../../cli/outputs.js';
import type { ClientOutputs } from '../../../../stacks/clients.js';
import { contextIn, stateWith, write } from '../../../support/offline-deployment.js';

const at = (port: number) => ({ host: '127.0.0.1', port });

const clients: ClientOutputs = {
  api: { url: 'http://127.0.0.1:8080' },
  redis: {
    masterUrl: 'redis://127.0.0.1:6379',
    replicasUrl: 'redis://127.0.0.1:6380',
    masterName: 'platform',
    sentinels: [at(26_379), at(26_380)],
    natMap: { '10.213.0.130:6379': at(6379) },
    nodes: [],
    username: 'app',
    sentinelUsername: 'app',
  },
  statistics: { url: 'http://127.0.0.1:8404/', username: 'admin' },
  logs: {
    flavour: 'elastic',
    elasticsearchUrl: 'http://127.0.0.1:9200',
    indexPattern: 'platform-logs-*',
    kibanaUrl: 'http://127.0.0.1:5601',
    username: 'reader',
  },
  passwordSecrets: {
    redis: 'redis-app',
    sentinel: 'redis-sentinel-app',
    statistics: 'proxy-stats',
    logs: 'logs-reader',
  },
};

function deployed(): Context {
  const context = contextIn();
  write(context.paths.state, stateWith([], { clients }));
  for (const name of Object.values(clients.passwordSecrets)) {
    if (name === null) continue;
    write(join(context.paths.secrets, name), `value-of-${name}-0123456789`);
  }
  return context;
}

describe('outputs', () => {
  it('have the fields of passwords, empty unless they are asked for', () => {
    const outputs = readOutputs(deployed(), { showSecrets: false });
    expect(outputs).toEqual({
      api: clients.api,
      redis: { ...clients.redis, password: null, sentinelPassword: null },
      statistics: { ...clients.statistics, password: null },
      logs: { ...clients.logs, password: null },
      passwordFiles: {
        redis: '.platform/dev/secrets/redis-app',
        sentinel: '.platform/dev/secrets/redis-sentinel-app',
        statistics: '.platform/dev/secrets/proxy-stats',
        logs: '.platform/dev/secrets/logs-reader',
      },
    });
    expect(JSON.stringify(outputs) + renderOutputs(outputs)).not.toContain('value-of');
  });

  it('have the passwords when they are asked for', () => {
    const { redis, statistics, logs } = readOutputs(deployed(), { showSecrets: true });
    expect(redis.password).toBe('value-of-redis-app-0123456789');
    expect(redis.sentinelPassword).toBe('value-of-redis-sentinel-app-0123456789');
    expect(statistics.password).toBe('value-of-proxy-stats-0123456789');
    expect(logs?.password).toBe('value-of-logs-reader-0123456789');
  });

  it('fit into ioredis as they are', () => {
    const { redis } = readOutputs(deployed(), { showSecrets: true });
    const { sentinels, natMap, username, sentinelUsername } = redis;
    const client = new Redis({
      sentinels: [...sentinels],
      natMap: { ...natMap },
      name: redis.masterName,
      username,
      sentinelUsername,
      password: redis.password ?? '',
      sentinelPassword: redis.sentinelPassword ?? '',
      lazyConnect: true,
    });
    expect(client.options.sentinels).toEqual(clients.redis.sentinels);
    client.disconnect();
  });

  it('of what is not deployed, or of another version, are an error with what to do', () => {
    const context = contextIn();
    expect(() => readOutputs(context, { showSecrets: false })).toThrow('dev is not deployed: Run `npm start` first');
    // After `down`, Terraform keeps a state without outputs.
    write(context.paths.state, stateWith([]));
    expect(() => readOutputs(context, { showSecrets: false })).toThrow('dev is not deployed');
    write(context.paths.state, stateWith([], { clients: { api: {} } }));
    expect(() => readOutputs(context, { showSecrets: false })).toThrow('another version of this project');
  });

  it('for people are a table with lines to paste', () => {
    const text = renderOutputs(readOutputs(deployed(), { showSecrets: false }), { platform: 'linux' });
    expect(text).toBe(
      `What                     Where                             User    Password is in
HTTP API                 http://127.0.0.1:8080             -       -
Redis master             redis://127.0.0.1:6379            app     .platform/dev/secrets/redis-app
Redis replicas           redis://127.0.0.1:6380            app     .platform/dev/secrets/redis-app
Sentinels of "platform"  127.0.0.1:26379, 127.0.0.1:26380  app     .platform/dev/secrets/redis-sentinel-app
Statistics page          http://127.0.0.1:8404/            admin   .platform/dev/secrets/proxy-stats
Logs: \`npm run logs\`     http://127.0.0.1:9200             reader  .platform/dev/secrets/logs-reader
Kibana                   http://127.0.0.1:5601             reader  .platform/dev/secrets/logs-reader

redis-cli  REDISCLI_AUTH="$(cat .platform/dev/secrets/redis-app)" redis-cli -h 127.0.0.1 -p 6379 --user app
ioredis    new Redis({ host: '127.0.0.1', port: 6379, username: 'app', password: readFileSync('.platform/dev/secrets/redis-app', 'utf8').trim() })
`,
    );
  });

  it('are pasted into PowerShell on Windows', () => {
    const text = renderOutputs(readOutputs(deployed(), { showSecrets: false }), { platform: 'win32' });
    expect(text).toContain('$env:REDISCLI_AUTH = Get-Content .platform/dev/secrets/redis-app; redis-cli -h 127.0.0.1');
  });
});
