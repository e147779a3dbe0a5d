import { type Client, lines, secret } from './client.js';

const VERSION = '6.3.1';

export const nodeRedis: Client = {
  name: 'node-redis',
  language: 'Node.js',
  version: VERSION,
  install: `npm install redis@${VERSION}`,
  way: 'Sentinels',
  file: 'client.mjs',
  code: ({ masterName, sentinels, published, redis, sentinel }) => `import { readFileSync } from 'node:fs';
import { createSentinel } from 'redis';

export async function connect() {
  const client = createSentinel({
    name: '${masterName}',
    sentinelRootNodes: [
${lines(sentinels, ({ host, port }) => `      { host: '${host}', port: ${port} },`)}
    ],
    // What the Sentinels name, and where this machine reaches it.
    nodeAddressMap: {
${lines(published, ([inside, { host, port }]) => `      '${inside}': { host: '${host}', port: ${port} },`)}
    },
    nodeClientOptions: {
      username: '${redis.username}',
      password: ${secret(redis, "'", read)},
      // A frozen master neither answers nor closes. The ping keeps idle connections from being taken for one.
      socket: { connectTimeout: 1000, socketTimeout: 2000 },
      pingInterval: 1000,
    },
    sentinelClientOptions: {
      username: '${sentinel.username}',
      password: ${secret(sentinel, "'", read)},
      socket: { connectTimeout: 1000 },
    },
    // It listens for other names of the event than the Sentinels' \`+switch-master\`: so it asks, every 500 ms.
    scanInterval: 500,
  });
  // Mind that it sends a command again whose connection ended, so that it may be executed twice.
  client.on('error', ({ message }) => console.error(message));
  await client.connect();
  return client;
}
`,
};

const read = (file: string) => `readFileSync(${file}, 'utf8').trim()`;
