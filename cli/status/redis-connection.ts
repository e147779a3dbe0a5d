import { Redis } from 'ioredis';
import { within } from './deadline.js';

/** Long for an answer from the same machine, short for someone who waits. */
const ANSWER_MS = 1000;

export interface RedisTarget {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** Tried in turn: while a password changes, servers differ. */
  readonly passwords: readonly string[];
}

/**
 * One connection for a few commands: no retries, no waiting for a server to be ready.
 * @throws with the reason why it failed, rather than "Connection is closed."
 */
export async function withRedis<T>(target: RedisTarget, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const { passwords, ...server } = target;
  let refusal: unknown;
  for (const password of passwords) {
    try {
      return await connected({ ...server, password }, ask);
    } catch (error) {
      if (!isRefused(error)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

async function connected<T>(
  target: Omit<RedisTarget, 'passwords'> & { readonly password: string },
  ask: (redis: Redis) => Promise<T>,
): Promise<T> {
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
  const message = messageOf(error);
  const at = `${host}:${port}`;
  if (isRefused(error)) {
    return `${at} does not accept the password. Its secret file changed since the last \`npm start\`: run it again.`;
  }
  if (/ECONNREFUSED/.test(message)) return `nothing listens at ${at}.`;
  if (/Connection is closed|ECONNRESET|EPIPE/.test(message)) return `the proxy has nothing to lead ${at} to.`;
  return `${at} does not answer (${message}).`;
}

/** Whether the server did not take the password. */
export function isRefused(error: unknown): boolean {
  return /WRONGPASS|NOAUTH/.test(messageOf(error));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
