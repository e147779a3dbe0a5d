import { PlatformError } from './platform-error.js';

/**
 * A password that is generated once per deployment and never appears in a program, a plan, a state file or a log.
 *
 * Constructs only ever handle *marks*: `secret.plain` is a piece of text that stands for the value. A configuration
 * file whose text holds a mark becomes a secret file: the CLI fills it in on the machine, Terraform uploads it by path.
 */
export class Secret {
  /**
   * @param name unique in the deployment, e.g. `redis-app`; also the name of the file that keeps the value
   * @throws PlatformError if it cannot be a file's name everywhere
   */
  constructor(readonly name: string) {
    if (!/^[a-z0-9-]+$/.test(name)) {
      throw new PlatformError({
        what: 'the name of a secret cannot be used',
        got: name,
        allowed: 'a-z, 0-9 and -',
        fix: 'Use e.g. `shop-key`.',
      });
    }
  }

  /** Stands for the value itself. Only allowed in the text of configuration files. */
  get plain(): string {
    return `{{secret:${this.name}}}`;
  }
  /** Stands for the value's SHA-256 in hex, as Redis' ACL files take passwords (`#...`). */
  get sha256(): string {
    return `{{sha256:${this.name}}}`;
  }
}

const MARK = /\{\{(secret|sha256):([a-z0-9-]+)\}\}/g;

/** The names of the secrets that a text refers to, each once, in order. */
export function secretsIn(text: string): string[] {
  return [...new Set([...text.matchAll(MARK)].map((match) => match[2] ?? ''))];
}

/** Replaces every mark. `form` says whether the plain value or its hash is wanted. */
export function fillIn(text: string, value: (form: 'secret' | 'sha256', name: string) => string): string {
  return text.replace(MARK, (_, form: string, name: string) => value(form === 'sha256' ? 'sha256' : 'secret', name));
}
