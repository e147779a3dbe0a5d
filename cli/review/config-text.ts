import type { TopologyService } from '../../constructs/core/topology.js';

/** The text of one of a service's files, or nothing. */
export function fileText(service: TopologyService, name: string): string | undefined {
  return service.files.find(({ path }) => path.split('/').at(-1) === name)?.text;
}

/** `name value` lines as redis.conf has them; what is said twice keeps both. */
export function directives(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of contentLines(text)) {
    const [name = '', ...rest] = line.split(/\s+/);
    const earlier = found.get(name);
    found.set(name, earlier === undefined ? rest.join(' ') : `${earlier} ${rest.join(' ')}`);
  }
  return found;
}

/** `sentinel <option> <master> <value>` lines by option; other lines as they are. */
export function sentinelDirectives(text: string): Map<string, string> {
  const lines = contentLines(text).map((line) => /^sentinel\s+(\S+)\s+(.*)$/.exec(line) ?? /^(\S+)\s*(.*)$/.exec(line));
  return new Map(lines.map((match) => [match?.[1] ?? '', match?.[2] ?? '']));
}

/** One section of haproxy.cfg. */
export interface ProxySection {
  /** `frontend http`. */
  readonly title: string;
  readonly binds: readonly string[];
  /** Server lines by name. */
  readonly servers: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
}

export function proxySections(text: string): Map<string, ProxySection> {
  const sections = new Map<string, string[]>();
  let current: string[] = [];
  for (const line of contentLines(text)) {
    if (/^(global|defaults|frontend|backend|listen)\b/.test(line)) sections.set(line, (current = []));
    else current.push(line);
  }
  return new Map(
    [...sections].map(([title, lines]) => {
      const after = (word: string) =>
        lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
      const servers = after('server').map((line) => [line.split(/\s+/)[0] ?? '', line] as const);
      const rest = lines.filter((line) => !/^(bind|server) /.test(line));
      return [title, { title, binds: after('bind'), servers: new Map(servers), rest }];
    }),
  );
}

/** A user of a Redis ACL file. */
export interface AclUser {
  readonly on: boolean;
  readonly nopass: boolean;
  /** `>...`, `#...`: never to be shown. */
  readonly passwords: readonly string[];
  readonly keys: readonly string[];
  readonly channels: readonly string[];
  /** In their order, which decides. */
  readonly commands: readonly string[];
}

export function aclUsers(text: string): Map<string, AclUser> {
  const users = contentLines(text).flatMap((line) => {
    const [word, name, ...rules] = line.split(/\s+/);
    return word === 'user' && name !== undefined ? [[name, aclUser(rules)] as const] : [];
  });
  return new Map(users);
}

function aclUser(rules: readonly string[]): AclUser {
  let user: AclUser = { on: false, nopass: false, passwords: [], keys: [], channels: [], commands: [] };
  for (const rule of rules) {
    if (rule === 'on' || rule === 'off') user = { ...user, on: rule === 'on' };
    else if (rule === 'nopass') user = { ...user, nopass: true, passwords: [] };
    else if (rule === 'resetpass') user = { ...user, nopass: false, passwords: [] };
    else if (rule === 'resetkeys') user = { ...user, keys: [] };
    else if (rule === 'resetchannels') user = { ...user, channels: [] };
    else if (rule === 'allkeys') user = { ...user, keys: ['~*'] };
    else if (rule === 'allchannels') user = { ...user, channels: ['&*'] };
    else if (/^[>#]/.test(rule)) user = { ...user, passwords: [...user.passwords, rule] };
    else if (/^[~%]/.test(rule)) user = { ...user, keys: [...user.keys, rule] };
    else if (rule.startsWith('&')) user = { ...user, channels: [...user.channels, rule] };
    else if (rule === '-@all' || rule === 'nocommands') user = { ...user, commands: [] };
    else if (rule === '+@all' || rule === 'allcommands') user = { ...user, commands: ['+@all'] };
    else user = { ...user, commands: [...user.commands, rule] };
  }
  return user;
}

/** Without comments, empty lines and indentation. */
export function contentLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

const SECRET_WORD = /pass|secret|token|credential|auth|private|key\b|apikey/i;

/** A line or variable whose value could be a password is shown without it. */
export function masked(name: string, value: string): string {
  return SECRET_WORD.test(name) ? '***' : value;
}

export function maskedLine(line: string): string {
  const match = SECRET_WORD.exec(line);
  return match ? `${line.slice(0, match.index + match[0].length)} ***` : line;
}
