import { Redis } from 'ioredis';
import { within } from './deadline.js';

/** Long for an answer from the same machine, short for someone who waits. */
const ANSWER_MS = 1000;

export interface RedisTarget {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
}

/**
 * One connection for a few commands: no retries, no waiting for a server to be ready.
 * @throws with the reason why it failed, rather than "Connection is closed."
 */
export async function withRedis<T>(target: RedisTarget, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({
    ...target,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    enableReadyCheck: false,
    disableClientInfo: true,
    // Between a friendly end and a hard one; a frozen server never answers the friendly one.
    disconnectTimeout: 100,
  });
  let reason: Error | undefined;
  redis.on('error', (error: Error) => (reason ??= error));
  try {
    // One deadline for all of it: ioredis has one for each step, and a frozen server can delay every step.
    return await within(
      ANSWER_MS,
      redis.connect().then(() => ask(redis)),
    );
  } catch (error) {
    throw reason ?? error;
  } finally {
    redis.disconnect();
  }
}

/** Why a connection through the proxy failed, for people. */
export function explainConnection(error: unknown, { host, port }: { host: string; port: number }): string {
  const message = error instanceof Error ? error.message : String(error);
  const at = `${host}:${port}`;
  if (/WRONGPASS|NOAUTH/.test(message)) {
    return `${at} does not accept the password. Its secret file changed since the last \`npm start\`: run it again.`;
  }
  if (/ECONNREFUSED/.test(message)) return `nothing listens at ${at}.`;
  if (/Connection is closed|ECONNRESET|EPIPE/.test(message)) return `the proxy has nothing to lead ${at} to.`;
  return `${at} does not answer (${message}).`;
}
