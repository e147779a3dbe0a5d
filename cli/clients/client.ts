import type { Outputs } from '../outputs.js';

/** A client library of Redis, and the code with which it reaches a deployment through its published ports. */
export interface Client {
  /** The library's own name, as `--client` takes it. */
  readonly name: string;
  readonly language: 'Go' | 'Java' | 'Node.js' | 'Python' | 'Ruby';
  /** The version that the tests run. */
  readonly version: string;
  /** How that version is installed. */
  readonly install: string;
  /**
   * How it finds the master. The Sentinels name addresses inside the platform, so a library that cannot map these to published ports goes
   * through the proxy.
   */
  readonly way: 'Sentinels' | 'master port';
  /** What the code is called when it is kept in a file. */
  readonly file: string;
  /** A whole file that defines `connect`. */
  code(to: Target): string;
}

/** What the code of every client is made of. */
export interface Target {
  readonly master: HostAndPort;
  readonly masterName: string;
  readonly sentinels: readonly HostAndPort[];
  /** From an address inside, `host:port`, to where this machine reaches it. */
  readonly published: readonly (readonly [inside: string, at: HostAndPort])[];
  readonly redis: Login;
  readonly sentinel: Login;
}

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** Secrets and paths hold no character that any of the languages gives a meaning between quotes. */
export interface Login {
  readonly username: string;
  /** Null if the code is to read it from the file. */
  readonly password: string | null;
  /** Seen from the folder of the checkout. */
  readonly file: string;
}

export function targetOf({ redis, passwordFiles }: Outputs): Target {
  const { hostname, port } = new URL(redis.masterUrl);
  return {
    master: { host: hostname, port: Number(port) },
    masterName: redis.masterName,
    sentinels: redis.sentinels,
    published: Object.entries(redis.natMap),
    redis: { username: redis.username, password: redis.password, file: passwordFiles.redis },
    sentinel: {
      username: redis.sentinelUsername,
      password: redis.sentinelPassword,
      file: passwordFiles.sentinel,
    },
  };
}

/**
 * The password, or what reads it from its file.
 * @param quote of the language's plain strings
 */
export function secret(login: Login, quote: '"' | "'", read: (file: string) => string): string {
  const text = (value: string) => `${quote}${value}${quote}`;
  return login.password === null ? read(text(login.file)) : text(login.password);
}

/** Lines of a list in the code, one for each item. */
export function lines<T>(items: readonly T[], line: (item: T) => string): string {
  return items.map(line).join('\n');
}
