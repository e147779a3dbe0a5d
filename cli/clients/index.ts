import { PlatformError } from '../../constructs/core/platform-error.js';
import type { Outputs } from '../outputs.js';
import { type Client, targetOf } from './client.js';
import { goRedis } from './go-redis.js';
import { ioredis } from './ioredis.js';
import { jedis } from './jedis.js';
import { nodeRedis } from './node-redis.js';
import { redisPy } from './redis-py.js';
import { redisRb } from './redis-rb.js';

export type { Client } from './client.js';

/** The clients that `test/bench/clients.bench.ts` takes through a failover. */
export const CLIENTS: readonly Client[] = [ioredis, nodeRedis, redisPy, goRedis, jedis, redisRb];

/**
 * @param name in any case
 * @throws PlatformError if no client is called so
 */
export function findClient(name: string): Client {
  const found = CLIENTS.find((client) => client.name === name.toLowerCase());
  if (found) return found;
  throw new PlatformError({
    what: '--client does not name a client that this project tries',
    got: `'${name}'`,
    allowed: CLIENTS.map((client) => client.name).join(', '),
    fix: 'Take one of these, or `npm run outputs -- --json` for what any other needs.',
  });
}

/** A file that connects a client to what is deployed, with how to use it above. */
export function renderClient(client: Client, outputs: Outputs): string {
  const mark = client.language === 'Python' || client.language === 'Ruby' ? '#' : '//';
  const { password } = outputs.redis;
  const notes = [
    `${client.file}: ${client.name} ${client.version} by the ${client.way}. Install: ${client.install}`,
    password === null
      ? 'Run it in the folder of the checkout, or with other paths of the password files.'
      : 'Holds passwords.',
  ];
  return `${notes.map((note) => `${mark} ${note}\n`).join('')}${client.code(targetOf(outputs))}`;
}
