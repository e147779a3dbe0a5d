import { type Grant, inWords } from '../../../constructs/core/grant.js';
import type { Topology } from '../../../constructs/core/topology.js';
import { serviceNamed } from '../../../constructs/models.js';
import { code, type Finding, fromTo } from '../finding.js';
import { about, type Comparison } from './comparison.js';

/** Which services may do more, or less, with what they connect to. */
export function judgeGrants(comparison: Comparison): Finding[] {
  const { before, after } = comparison;
  return [
    ...after.topology.grants.flatMap((grant) => judgeGrant(comparison, grant, grantBefore(comparison, grant))),
    ...before.topology.grants.flatMap((was) => {
      const service = serviceNamed(after.topology, nameNow(comparison, was.client));
      const stays = after.topology.grants.some((grant) => grantBefore(comparison, grant) === was);
      if (stays || !service) return [];
      return [about(service, 'availability', `may no longer use ${code(was.target)}`, WHY_LESS, causeOf(was))];
    }),
  ];
}

const WHY_MORE = 'Whoever breaks into the service can do it, too.';
const WHY_LESS = 'Where it still tries, it is refused.';

function judgeGrant({ after }: Comparison, grant: Grant, was: Grant | undefined): Finding[] {
  const service = serviceNamed(after.topology, grant.client);
  if (!service) return [];
  const add = (level: 'exposure' | 'other', what: string) =>
    about(service, level, what, level === 'exposure' ? WHY_MORE : WHY_LESS, causeOf(grant));
  const { target, prefix } = grant;
  if (!was) {
    return [add('exposure', `may now ${inWords(grant)}: ${code(target)}`)];
  }
  const findings: Finding[] = [];
  if (was.access !== grant.access) {
    findings.push(
      grant.access === 'read'
        ? add('other', `may now only ${inWords(grant)}: ${code(target)}`)
        : add('exposure', `may now ${inWords(grant)}: ${code(target)}`),
    );
  }
  if (was.prefix !== prefix) {
    const change = fromTo(was.prefix ?? 'all keys', prefix ?? 'all keys');
    const keys = `the key prefix in ${code(target)}`;
    const narrower = prefix?.startsWith(was.prefix ?? '') === true;
    const wider = was.prefix?.startsWith(prefix ?? '') === true;
    findings.push(
      narrower
        ? add('other', `${keys} was narrowed: ${change}`)
        : add('exposure', `${keys} was ${wider ? 'widened' : 'changed to another'}: ${change}`),
    );
  }
  return findings;
}

function causeOf({ client, access, prefix, target }: Grant) {
  return { words: ['.grant(', 'grant', `'${access}'`, ...(prefix === null ? [] : [prefix])], names: [client, target] };
}

function nameNow({ matched }: Comparison, name: string): string {
  return matched.renamed.get(name) ?? name;
}

/** The same client's grant on the same target, under whatever names. */
export function grantBefore(comparison: Comparison, grant: Grant): Grant | undefined {
  return comparison.before.topology.grants.find(
    ({ client, kind, target }) =>
      nameNow(comparison, client) === grant.client &&
      kind === grant.kind &&
      nameNow(comparison, target) === grant.target,
  );
}

/** The grant that made a user; of other users there is none. */
export function grantOf({ grants }: Pick<Topology, 'grants'>, model: { kind: string; name: string }, user: string) {
  return grants.find(({ client, kind, target }) => client === user && kind === model.kind && target === model.name);
}
