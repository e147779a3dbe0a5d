import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Context } from '../../../../cli/context.js';
import { readOutputs, renderOutputs } from '../../../../cli/outputs.js';
import { contextIn, stateWith, write } from '../../../support/offline-deployment.js';
import { recordedOutputs as list } from '../../../support/recorded-outputs.js';

const at = (port: number) => ({ host: '127.0.0.1', port });
const sentinels = [at(26_379), at(26_380)];

function deployed(): Context {
  const context = contextIn();
  write(context.paths.state, stateWith([], { clients: list }));
  for (const { secret: name } of list) {
    if (name === undefined) continue;
    write(join(context.paths.secrets, name), `value-of-${name}-0123456789`);
  }
  return context;
}

describe('outputs', () => {
  it('have the fields of passwords, empty unless they are asked for', () => {
    const outputs = readOutputs(deployed(), { showSecrets: false });
    const { list: listed, ...others } = outputs;
    expect(listed).toEqual(
      list.map((output) => ({
        ...output,
        password: null,
        passwordFile: output.secret === undefined ? null : `.platform/dev/secrets/${output.secret}`,
      })),
    );
    expect(others).toEqual({
      api: { url: 'http://127.0.0.1:8080' },
      redis: {
        masterUrl: 'redis://127.0.0.1:6379',
        replicasUrl: 'redis://127.0.0.1:6380',
        masterName: 'platform',
        sentinels,
        // A node without a port of its own is reached by the master's.
        natMap: {
          '10.213.1.2:26379': at(26_379),
          '10.213.1.3:26379': at(26_380),
          '10.213.0.130:6379': at(6379),
        },
        nodes: [],
        username: 'app',
        sentinelUsername: 'app',
        password: null,
        sentinelPassword: null,
      },
      statistics: { url: 'http://127.0.0.1:8404/', username: 'admin', password: null },
      logs: {
        flavour: 'elastic',
        elasticsearchUrl: 'http://127.0.0.1:9200',
        indexPattern: 'platform-logs-*',
        kibanaUrl: 'http://127.0.0.1:5601',
        username: 'reader',
        password: null,
      },
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
    const { list: listed, redis, statistics, logs } = readOutputs(deployed(), { showSecrets: true });
    expect(listed.find(({ id }) => id === 'stats')?.password).toBe('value-of-proxy-stats-0123456789');
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
    expect(client.options.sentinels).toEqual(sentinels);
    client.disconnect();
  });

  it('of what is not deployed, or of another version, are an error with what to do', () => {
    const context = contextIn();
    expect(() => readOutputs(context, { showSecrets: false })).toThrow('dev is not deployed: Run `npm start` first');
    // After `down`, Terraform keeps a state without outputs.
    write(context.paths.state, stateWith([]));
    expect(() => readOutputs(context, { showSecrets: false })).toThrow('dev is not deployed');
    const without = (id: string) => list.filter((output) => output.id !== id);
    // Of an earlier version, of one with other settings, and without what the platform has.
    for (const recorded of [{ api: {} }, [{ id: 'http' }], [], without('http'), without('redis-master')]) {
      write(context.paths.state, stateWith([], { clients: recorded }));
      expect(() => readOutputs(context, { showSecrets: false })).toThrow(
        'dev was deployed by another version of this project: Run `npm start`',
      );
    }
  });

  it('of an earlier version, which recorded no list, are read as the same', () => {
    const context = deployed();
    const recorded = readOutputs(context, { showSecrets: false });
    const passwordSecrets = {
      ...{ redis: 'redis-app', sentinel: 'redis-sentinel-app' },
      ...{ statistics: 'proxy-stats', logs: 'logs-reader' },
    };
    // The fields of passwords were none of what was recorded.
    write(context.paths.state, stateWith([], { clients: { ...recorded, passwordSecrets } }));
    const earlier = readOutputs(context, { showSecrets: false });
    expect(earlier).toEqual({ ...recorded, list: earlier.list });
    expect(earlier.list.map(({ id }) => id)).toContain('sentinel-1');
  });

  it('for people are a table with lines to paste', () => {
    const text = renderOutputs(readOutputs(deployed(), { showSecrets: false }), { platform: 'linux' });
    expect(text).toBe(
      `What                    Where                             User    Password is in
HTTP API                http://127.0.0.1:8080             -       -
py                      http://127.0.0.1:8080/py/         -       -
Redis master            redis://127.0.0.1:6379            app     .platform/dev/secrets/redis-app
Redis replicas          redis://127.0.0.1:6380            app     .platform/dev/secrets/redis-app
Sentinel of "platform"  127.0.0.1:26379, 127.0.0.1:26380  app     .platform/dev/secrets/redis-sentinel-app
Statistics page         http://127.0.0.1:8404/            admin   .platform/dev/secrets/proxy-stats
Logs: \`npm run logs\`    http://127.0.0.1:9200             reader  .platform/dev/secrets/logs-reader
Kibana                  http://127.0.0.1:5601             reader  .platform/dev/secrets/logs-reader

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
