import { type Client, lines, secret } from './client.js';

const VERSION = '6.0.0';

export const ioredis: Client = {
  name: 'ioredis',
  language: 'Node.js',
  version: VERSION,
  install: `npm install ioredis@${VERSION}`,
  way: 'Sentinels',
  file: 'client.mjs',
  code: ({ masterName, sentinels, published, redis, sentinel }) => `import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';

export function connect() {
  const client = new Redis({
    name: '${masterName}',
    sentinels: [
${lines(sentinels, ({ host, port }) => `      { host: '${host}', port: ${port} },`)}
    ],
    // What the Sentinels name, and where this machine reaches it.
    natMap: {
${lines(published, ([inside, { host, port }]) => `      '${inside}': { host: '${host}', port: ${port} },`)}
    },
    username: '${redis.username}',
    password: ${secret(redis, "'", read)},
    sentinelUsername: '${sentinel.username}',
    sentinelPassword: ${secret(sentinel, "'", read)},
    connectTimeout: 1000,
    // A frozen master neither answers nor closes.
    socketTimeout: 2000,
    retryStrategy: () => 50,
    sentinelRetryStrategy: () => 100,
    // Ask the Sentinels anew when this is no master that may write.
    reconnectOnError: ({ message }) => /^(READONLY|NOREPLICAS)/.test(message),
    // A command whose connection ended fails, it is not sent again: you know whether it may be repeated. And a WAIT on
    // another connection than its write's would confirm what never arrived.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  });
  client.on('error', ({ message }) => console.error(message));
  return client;
}
`,
};

const read = (file: string) => `readFileSync(${file}, 'utf8').trim()`;
