import type { TopologyService } from '../../../constructs/core/topology.js';
import { type AnyModel, serviceNamed } from '../../../constructs/models.js';
import type { Declaration } from '../declaration.js';
import { code, codes, type Finding } from '../finding.js';
import type { Level } from '../level.js';
import { allPairs, type ModelPair } from '../models.js';
import { constructOf } from '../services.js';
import { about, type Comparison, newIn } from './comparison.js';
import { grantBefore, grantOf } from './grants.js';

/** Users and secrets that became weaker, or are gone. Never shows a password. */
export function judgeCredentials(comparison: Comparison): Finding[] {
  return [
    ...comparison.matched.pairs.flatMap(judgeFiles),
    ...allPairs(comparison).flatMap((pair) => judgeAccounts(comparison, pair)),
    ...judgeSecrets(comparison),
  ];
}

/** A file whose text was generated on each machine, and is no longer. */
function judgeFiles({ before, after }: Comparison['matched']['pairs'][number]): Finding[] {
  return after.files
    .filter(({ path, secret }) => !secret && before.files.some((old) => old.path === path && old.secret))
    .map(({ path }) =>
      about(
        after,
        'exposure',
        `${code(path)} no longer holds a secret`,
        'What was generated on each machine is now written in the code, the plan and the state, or is not asked for.',
        { words: [path, 'secret', 'plain', 'sha256'] },
      ),
    );
}

/** Somebody who may log in, whatever the server. */
interface Account {
  readonly name: string;
  /** Null of one as whom nobody can log in. */
  readonly secret: string | null;
  /** In the order in which they apply. */
  readonly rules: readonly string[];
}

/** Users by the service that lets them in. */
function accounts(model: AnyModel): readonly (readonly [service: string, users: readonly Account[]])[] {
  if (model.kind === 'redis') return [model.nodes, model.sentinels].map(({ service, users }) => [service, users]);
  if (model.kind !== 'logs') return [];
  return [[model.services.store, model.users.map(({ name, secret, roles }) => ({ name, secret, rules: roles }))]];
}

/** What comes or goes with a grant is that judge's matter (`grants.ts`). */
function judgeAccounts(comparison: Comparison, { before, after }: ModelPair<AnyModel>): Finding[] {
  const { topology } = comparison.after;
  const old = accounts(before);
  return accounts(after).flatMap(([name, users], index) => {
    const service = serviceNamed(topology, name);
    const known = old[index]?.[1] ?? [];
    if (!service) return [];
    const lost = known.filter(
      (user) =>
        user.secret !== null &&
        !users.some((one) => one.name === user.name) &&
        !grantOf(comparison.before.topology, before, user.name),
    );
    return [
      ...users.flatMap((user) => {
        const was = known.find((one) => one.name === user.name);
        const grant = grantOf(topology, after, user.name);
        if (!grant) return judgeAccount(service, was, user);
        const then = grantBefore(comparison, grant);
        const same = then?.access === grant.access && then.prefix === grant.prefix;
        return was ? judgeAccount(service, same ? was : { ...was, rules: user.rules }, user) : [];
      }),
      ...lost.map((user) =>
        about(service, 'availability', `user ${code(user.name)} is gone`, 'Whoever logs in as that user is refused.', {
          words: [`'${user.name}'`, user.name],
        }),
      ),
    ];
  });
}

const ANY_PASSWORD = 'nopass';
const isPassword = (rule: string) => /^[>#]/.test(rule);
/** What a list of Redis rules takes away, or begins with. */
const isLimit = (rule: string) => rule.startsWith('-') || rule.startsWith('reset');
const named = (rules: readonly string[]) =>
  rules.filter((rule) => !isPassword(rule)).map((rule) => (rule === ANY_PASSWORD ? 'any password' : rule));

function judgeAccount(service: TopologyService, was: Account | undefined, is: Account): Finding[] {
  const user = `user ${code(is.name)}`;
  const [gained, lost] = [newIn(is.rules, was?.rules ?? []), newIn(was?.rules ?? [], is.rules)];
  const words = [`'${is.name}'`, `user ${is.name}`, 'rules', ...(was ? [...gained, ...lost] : [])];
  const cause = { words, names: [is.name] };
  const add = (level: Level, what: string, why: string) => [about(service, level, what, why, cause)];
  if (is.secret === null) {
    if (was === undefined || was.secret === null) return [];
    return add('availability', `${user} is switched off`, 'Whoever logs in as that user is refused.');
  }
  if (was === undefined || was.secret === null) {
    const rights = codes(named(is.rules.filter((rule) => !isLimit(rule))));
    return add('exposure', `${user} ${was ? 'is switched on' : 'is new'}, with ${rights}`, 'One more way to log in.');
  }
  const wider = [
    ...named(gained.filter((rule) => !isLimit(rule))),
    ...lost.filter(isLimit).map((rule) => `no longer ${rule}`),
  ];
  const narrower = [...named(lost.filter((rule) => !isLimit(rule))), ...gained.filter(isLimit)];
  const findings: Finding[] = [];
  if (wider.length > 0) {
    const why = 'Whoever has that password, or gets it, can do more harm.';
    findings.push(...add('exposure', `${user} may do more: ${codes(wider)}`, why));
  }
  if (narrower.length > 0) {
    findings.push(
      ...add('availability', `${user} may do less: ${codes(narrower)}`, 'Clients that need it are refused.'),
    );
  }
  if (gained.length + lost.length === 0 && was.rules.join(' ') !== is.rules.join(' ')) {
    const why = 'The last rule that fits decides: the same rules can grant more.';
    findings.push(...add('exposure', `the rules of ${user} are in another order`, why));
  }
  if (gained.some(isPassword)) {
    const why = 'Everybody who reads the repository knows it.';
    findings.push(...add('exposure', `a password of ${user} is written in the code`, why));
  }
  if (was.secret !== is.secret) {
    const why = 'Clients with the old one are refused, or one secret now opens several doors.';
    findings.push(...add('exposure', `${user} gets another password`, why));
  }
  return findings;
}

/** Secrets that are gone because something is no longer granted: nobody can log in with them. */
function secretsOfGrants({ before, after }: Comparison): ReadonlySet<string> {
  const of = ({ topology }: Declaration) =>
    (topology.models as readonly AnyModel[]).flatMap((model) =>
      accounts(model)
        .flatMap(([, users]) => users)
        .filter(({ name }) => grantOf(topology, model, name))
        .map(({ name, secret }) => ({ who: `${name} ${model.kind} ${model.name}`, secret: secret ?? '' })),
    );
  const kept = new Set(of(after).map(({ who }) => who));
  return new Set(of(before).flatMap(({ who, secret }) => (kept.has(who) ? [] : [secret])));
}

function judgeSecrets(comparison: Comparison): Finding[] {
  const { before, after } = comparison;
  const [was, is] = [before.topology.secrets, after.topology.secrets];
  const harmless = secretsOfGrants(comparison);
  const [gone, added] = [newIn(was, is).filter((name) => !harmless.has(name)), newIn(is, was)];
  const changed = [...added, ...gone];
  const holds = ({ files }: TopologyService) =>
    files.some(({ text }) => changed.some((name) => text.includes(`:${name}}}`)));
  const holder = after.topology.services.find(holds) ?? before.topology.services.find(holds);
  const cause = {
    construct: holder && constructOf(holder),
    words: [...changed, ...changed.map((name) => `'${name.split('-').at(-1) ?? name}'`), 'new Secret', 'Secret'],
    names: changed,
  };
  const subject = 'secrets';
  if (gone.length > 0) {
    return [
      {
        level: 'exposure',
        subject,
        what: `secrets are gone: ${codes(gone)}${added.length > 0 ? `; new: ${codes(added)}` : ''}`,
        why:
          added.length > 0
            ? 'A secret under another name gets another value: clients with the old password are refused.'
            : 'What they protected is no longer protected by them.',
        cause,
      },
    ];
  }
  if (added.length === 0) return [];
  return [
    {
      level: 'other',
      subject,
      what: `new secrets: ${codes(added)}`,
      why: 'They are generated at the next start.',
      cause,
    },
  ];
}
