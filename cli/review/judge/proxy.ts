import { fileText, maskedLine, type ProxySection, proxySections } from '../config-text.js';
import { code, codes, type Finding } from '../finding.js';
import { about, type Comparison, newIn } from './comparison.js';

/** What haproxy.cfg says: where it listens, which servers it leads to, how it checks them. */
export function judgeProxy({ matched }: Comparison): Finding[] {
  return matched.pairs.flatMap(({ before, after }) => {
    const [old, now] = [fileText(before, 'haproxy.cfg'), fileText(after, 'haproxy.cfg')];
    if (old === undefined || now === undefined || old === now) return [];
    const [was, is] = [proxySections(old), proxySections(now)];
    const findings: Finding[] = [];
    for (const [title, section] of is) {
      const before = was.get(title);
      if (before) findings.push(...judgeSection(after, before, section, matched.renamed));
      else
        findings.push(
          about(after, 'other', `new section ${code(title)}`, 'The proxy leads somewhere new.', sectionCause(section)),
        );
    }
    for (const [title, section] of was) {
      if (is.has(title)) continue;
      findings.push(
        about(
          after,
          'availability',
          `section ${code(title)} is gone`,
          'What went through it is refused.',
          sectionCause(section),
        ),
      );
    }
    return findings;
  });
}

function judgeSection(
  service: Parameters<typeof about>[0],
  was: ProxySection,
  is: ProxySection,
  renamed: ReadonlyMap<string, string>,
): Finding[] {
  const findings: Finding[] = [];
  const { title } = is;
  const add = (level: Finding['level'], what: string, why: string, words: readonly string[] = []) => {
    findings.push(
      about(service, level, `${code(title)}: ${what}`, why, {
        words: [...words, ...sectionCause(is).words],
        settings: settingsOf(words),
      }),
    );
  };
  for (const bind of newIn(is.binds, was.binds)) {
    if (/^(\*|0\.0\.0\.0|\[?::\]?)?:\d/.test(bind))
      add(
        'exposure',
        `it listens on every address, ${code(bind)}`,
        'Every service that shares a network with the proxy reaches the port.',
        ['bind'],
      );
  }
  const protections = /^(stats auth|http-request deny|http-request auth|acl|tcp-request .*reject|timeout http-request)/;
  const lost = newIn(was.rest, is.rest);
  const gained = newIn(is.rest, was.rest);
  const judged = new Set<string>();
  for (const line of lost.filter((line) => protections.test(line))) {
    const kind = protections.exec(line)?.[1] ?? '';
    const replacement = gained.find((other) => other.startsWith(kind));
    if (replacement !== undefined) continue;
    judged.add(line);
    add('exposure', `${code(kind)} is gone`, 'Requests are let through that were refused before.', [kind]);
  }
  const gone = [...was.servers.keys()].filter((name) => !is.servers.has(renamed.get(name) ?? name));
  if (gone.length > 0) {
    add(
      'availability',
      `${codes(gone)} no longer ${gone.length === 1 ? 'gets' : 'get'} requests`,
      is.servers.size === 0 ? 'No server is left.' : 'The other servers carry the load.',
      ['servers', 'upstreams', 'replicas'],
    );
  }
  const checks = (section: ProxySection) =>
    section.rest.filter((line) => /^(option (httpchk|tcp-check)|default-server .*\bcheck\b)/.test(line)).length;
  if (checks(is) < checks(was))
    add('availability', 'servers are checked less', 'Requests go to servers that are down.', [
      'check',
      'httpchk',
      'tcp-check',
    ]);
  const changed = [
    ...gained,
    ...lost.filter((line) => !judged.has(line) && !gained.some((other) => keyOf(other) === keyOf(line))),
  ];
  for (const line of changed) {
    const old = lost.find((other) => keyOf(other) === keyOf(line) && other !== line);
    const words = keyOf(line).split(' ');
    add(
      'other',
      lost.includes(line)
        ? `without ${code(maskedLine(line))}`
        : old === undefined
          ? `with ${code(maskedLine(line))}`
          : `${code(maskedLine(old))} → ${code(maskedLine(line))}`,
      'The proxy treats requests differently.',
      [keyOf(line), ...words],
    );
  }
  return findings;
}

function keyOf(line: string): string {
  return line
    .split(/\s+/)
    .slice(0, /^(timeout|option|stats|http-request|http-check|tcp-check)\b/.test(line) ? 2 : 1)
    .join(' ');
}

/** haproxy's words for what the environment calls otherwise. */
function settingsOf(words: readonly string[]): string[] {
  const known: Record<string, readonly string[]> = {
    balance: ['balance'],
    'timeout queue': ['queueTimeout'],
    'timeout server': ['responseTimeout'],
    'default-server': ['checkInterval', 'fall', 'rise'],
    'http-request deny': ['maxRequestSize'],
  };
  return words.flatMap((word) => known[word] ?? []);
}

function sectionCause({ title }: ProxySection): { words: string[] } {
  const name = title.split(' ')[1] ?? title;
  return { words: [`'${name}'`, name.replace(/-\d+$/, '')] };
}
