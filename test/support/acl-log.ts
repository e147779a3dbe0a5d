import type { Redis } from 'ioredis';
import type { Platform } from './platform.js';

/** Forgets what servers have refused so far. */
export async function resetAclLogs(platform: Platform): Promise<void> {
  await eachServer(platform, (client) => client.call('ACL', 'LOG', 'RESET'));
}

/** What any Redis node and any Sentinel refused a user. Empty if each user has the rights that its part needs. */
export async function aclLogs(platform: Platform): Promise<unknown[]> {
  return (await eachServer(platform, (client) => client.call('ACL', 'LOG'))).flat();
}

async function eachServer<T>(platform: Platform, ask: (client: Redis) => Promise<T>): Promise<T[]> {
  const clients = [
    ...platform.nodes.map((name) => platform.atNode(name)),
    ...platform.sentinels.map((name) => platform.atSentinel(name)),
  ];
  try {
    return await Promise.all(clients.map(ask));
  } finally {
    for (const client of clients) platform.disconnect(client);
  }
}
