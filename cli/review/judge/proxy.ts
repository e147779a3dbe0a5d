import type {
  HttpListenerModel,
  HttpRouteModel,
  ProxyModel,
  TcpAnswer,
  TcpRouteModel,
} from '../../../constructs/proxy/model.js';
import { code, codes, type Finding, fromTo } from '../finding.js';
import { modelPairs } from '../models.js';
import { about, type Comparison, newIn } from './comparison.js';

/** Where the proxy listens, which servers it leads to, how it checks them. */
export function judgeProxy(comparison: Comparison): Finding[] {
  return modelPairs(comparison, 'proxy').flatMap(({ before, after, service }) => {
    const [was, is] = [sectionsOf(before), sectionsOf(after)];
    const findings: Finding[] = [];
    const add = ({ title, name }: Section, level: Finding['level'], what: string, why: string, fact?: Fact) => {
      const words = [...(fact?.words ?? []), `'${name}'`, name.replace(/-\d+$/, '')];
      findings.push(
        about(service, level, what.replace('%', code(title)), why, { words, settings: fact?.settings ?? [] }),
      );
    };
    for (const section of is.values()) {
      const old = was.get(section.title);
      if (!old) add(section, 'other', 'new section %', 'The proxy leads somewhere new.');
      else compareSections(old, section, comparison.matched.renamed, add);
    }
    for (const section of was.values()) {
      if (!is.has(section.title)) {
        add(section, 'availability', 'section % is gone', 'What went through it is refused.');
      }
    }
    return findings;
  });
}

type Add = (section: Section, level: Finding['level'], what: string, why: string, fact?: Fact) => void;

/** A part of haproxy.cfg, as HAProxy calls it. */
interface Section {
  /** `frontend http`. */
  readonly title: string;
  readonly name: string;
  readonly servers: readonly string[];
  readonly facts: readonly Fact[];
}

/** Something that a section says, in HAProxy's words. */
interface Fact {
  readonly key: string;
  readonly value: string;
  /** What it is to a reviewer. @default one of many details */
  readonly is?: 'open bind' | 'protection' | 'check';
  /** Where its source is. */
  readonly words: readonly string[];
  /** What the environment calls it. */
  readonly settings?: readonly string[];
}

function compareSections(was: Section, is: Section, renamed: ReadonlyMap<string, string>, add: Add): void {
  const why = 'The proxy treats requests differently.';
  for (const fact of is.facts) {
    const old = was.facts.find(({ key }) => key === fact.key);
    if (old?.value === fact.value) continue;
    const now = `${fact.key} ${fact.value}`;
    if (fact.is === 'open bind') {
      const harm = 'Every service that shares a network with the proxy reaches the port.';
      add(is, 'exposure', `%: it listens on every address, ${code(fact.value)}`, harm, fact);
    } else add(is, 'other', `%: ${old ? fromTo(`${old.key} ${old.value}`, now) : `with ${code(now)}`}`, why, fact);
  }
  for (const fact of newIn(was.facts, is.facts).filter(({ key }) => !is.facts.some((other) => other.key === key))) {
    if (fact.is === 'protection') {
      add(is, 'exposure', `%: ${code(fact.key)} is gone`, 'Requests are let through that were refused before.', fact);
    } else if (fact.is === 'check') {
      add(is, 'availability', '%: servers are checked less', 'Requests go to servers that are down.', fact);
    } else if (fact.is !== 'open bind') add(is, 'other', `%: without ${code(`${fact.key} ${fact.value}`)}`, why, fact);
  }
  const gone = was.servers.filter((name) => !is.servers.includes(renamed.get(name) ?? name));
  if (gone.length > 0) {
    add(
      is,
      'availability',
      `%: ${codes(gone)} no longer ${gone.length === 1 ? 'gets' : 'get'} requests`,
      is.servers.length === 0 ? 'No server is left.' : 'The other servers carry the load.',
      { key: '', value: '', words: ['servers', 'replicas'], settings: ['servers', 'upstreams', 'replicas'] },
    );
  }
}

function sectionsOf({ statistics, http, tcp }: ProxyModel): Map<string, Section> {
  const page = section('frontend', 'statistics', [
    ...frontend(statistics),
    requestTimeout(statistics.requestTimeoutMs),
    ...(statistics.authenticated
      ? [{ key: 'http-request auth', value: statistics.user, is: 'protection' as const, words: ['authenticated'] }]
      : []),
  ]);
  const routes = [...http.map(httpSections), ...tcp.map(tcpSections)].flat();
  return new Map([page, ...routes].map((one) => [one.title, one]));
}

function section(kind: string, name: string, facts: readonly Fact[], servers: readonly string[] = []): Section {
  return { title: `${kind} ${name}`, name, facts, servers };
}

function frontend({ listen, port, clients }: Pick<HttpListenerModel, 'listen' | 'port' | 'clients'>): Fact[] {
  return [
    ...(listen === 'all' ? [{ key: 'bind', value: `*:${port}`, is: 'open bind' as const, words: ['listen'] }] : []),
    { key: 'clients at once', value: String(clients), is: 'protection', words: ['SHARES', 'clients'] },
  ];
}

function requestTimeout(ms: number): Fact {
  return { key: 'timeout http-request', value: `${ms}ms`, is: 'protection', words: ['requestTimeoutMs'] };
}

function detail(key: string, value: string | number, setting: string, is?: Fact['is']): Fact {
  return { key, value: String(value), words: [setting], settings: [setting], ...(is && { is }) };
}

function httpSections(listener: HttpListenerModel): Section[] {
  const { name, routes } = listener;
  return [
    section('frontend', name, [
      ...frontend(listener),
      requestTimeout(listener.requestTimeoutMs),
      ...routes.map((route) => ({
        key: `route ${route.prefix}`,
        value: `to ${route.name}`,
        words: [`'${route.prefix}'`],
      })),
    ]),
    ...routes.map(routeSection),
  ];
}

function routeSection(route: HttpRouteModel): Section {
  const { name, check } = route;
  return section(
    'backend',
    name,
    [
      detail('http-request deny', `above ${route.maxRequestBytes} bytes`, 'maxRequestSize', 'protection'),
      ...(route.stripPrefix ? [detail('replace-path', `without ${route.prefix}`, 'stripPrefix')] : []),
      detail('balance', route.balance, 'balance'),
      ...(check
        ? [
            { key: 'option httpchk', value: check.path, is: 'check' as const, words: ['check', 'healthPath'] },
            detail('check inter', `${check.everyMs}ms`, 'checkInterval'),
            detail('fall', check.fall, 'fall'),
            detail('rise', check.rise, 'rise'),
          ]
        : []),
      detail('maxconn', route.maxConnections, 'maxConnections'),
      detail('timeout queue', `${route.queueTimeoutMs}ms`, 'queueTimeout'),
      detail('timeout server', `${route.responseTimeoutMs}ms`, 'responseTimeout'),
    ],
    route.to.servers,
  );
}

function tcpSections(route: TcpRouteModel): Section[] {
  const { name, check, role } = route;
  const answers = check?.dialogue.flatMap(({ expect }) => expect) ?? [];
  return [
    section('frontend', name, [
      ...frontend(route),
      { key: 'first word within', value: `${route.firstWordMs}ms`, is: 'protection', words: ['firstWordMs'] },
    ]),
    section(
      'backend',
      name,
      [
        detail('role', role, 'role'),
        detail('balance', route.balance, 'balance'),
        detail('retries', route.retries, 'retries'),
        ...(check ? [detail('timeout check', `${check.silenceMs}ms`, 'downAfter')] : []),
        ...answers.map((answer) => tcpFact(answer)),
      ],
      route.to.servers,
    ),
  ];
}

function tcpFact(answer: TcpAnswer): Fact {
  const [key, value] =
    'text' in answer ? ['tcp-check expect', answer.text] : [`tcp-check for "${answer.otherwise}"`, answer.pattern];
  // What Redis is declared with decides what it is asked.
  const settings = ['minReplicasToWrite', 'fencing'];
  return { key, value, is: 'check', words: [value, ...settings], settings };
}
