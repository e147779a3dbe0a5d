import type { TopologyPort } from '../../../constructs/core/topology.js';
import { portSetting } from '../../../environments/port-setting.js';
import { networkFacts } from '../../../policies/judge/facts.js';
import { type Cause, code, codes, type Finding, fromTo } from '../finding.js';
import { constructOf } from '../services.js';
import { about, type Comparison, isSame } from './comparison.js';

/** Published ports, allow rules, listeners and networks. */
export function judgeExposure(comparison: Comparison): Finding[] {
  return [
    ...judgePorts(comparison),
    ...judgeRules(comparison),
    ...judgeListeners(comparison),
    ...judgeLostEndpoints(comparison),
    ...judgeNetworks(comparison),
  ];
}

/** As plain text: which addresses there can be is the topology's matter. */
const addressOf = ({ address }: TopologyPort): string => address;
const isLoopback = (address: string) => address.startsWith('127.') || address === '::1' || address === 'localhost';

function judgePorts({ before, after, matched }: Comparison): Finding[] {
  const [was, is] = [before.topology.published, after.topology.published];
  const at = ({ address, hostPort }: TopologyPort) => `${address}:${hostPort}`;
  const findings: Finding[] = [];
  const settingOf = ({ name }: TopologyPort) =>
    portSetting(is.some((port) => port.name === name) ? after.topology : before.topology, name);
  const add = (port: TopologyPort, level: Finding['level'], what: string, why: string) => {
    const service = [...after.topology.services, ...before.topology.services].find(({ name }) => name === port.service);
    const cause = { construct: service && constructOf(service), ...portCause(port, settingOf(port)) };
    findings.push({ level, subject: port.service, what, why, cause });
  };
  for (const port of is) {
    const old = was.find(({ name }) => name === port.name);
    const open = isLoopback(port.address) ? '' : ', for other machines too';
    if (!old) {
      const taken = was.find((other) => at(other) === at(port));
      add(
        port,
        'exposure',
        taken
          ? `port ${code(at(port))} now leads to ${code(port.name)} instead of ${code(taken.name)}`
          : `new published port ${code(port.name)}: ${code(at(port))}${open}`,
        open === ''
          ? 'One more way into the platform, for everybody on this machine.'
          : 'Machines in the network can connect.',
      );
    } else if (addressOf(old) !== addressOf(port)) {
      const worse = !isLoopback(port.address);
      add(
        port,
        worse ? 'exposure' : 'availability',
        `published port ${code(port.name)} is on another address: ${fromTo(at(old), at(port))}`,
        worse ? 'Machines in the network can connect.' : 'Clients elsewhere can no longer connect.',
      );
    } else if (old.hostPort !== port.hostPort) {
      add(
        port,
        'exposure',
        `published port ${code(port.name)} moves: ${fromTo(at(old), at(port))}`,
        'A port that was closed is open, and clients of the old one are refused.',
      );
    } else if ((matched.renamed.get(old.service) ?? old.service) !== port.service) {
      add(
        port,
        'exposure',
        `published port ${code(port.name)} leads to another service: ${fromTo(old.service, port.service)}`,
        'Clients reach something else.',
      );
    }
  }
  for (const port of was) {
    if (is.some(({ name }) => name === port.name)) continue;
    add(
      port,
      'availability',
      `port ${code(port.name)} (${code(at(port))}) is no longer published`,
      'Clients of that port are refused.',
    );
  }
  return findings;
}

function portCause({ name, hostPort, service }: TopologyPort, setting: string): Cause {
  const series = name.replace(/-\d+$/, '');
  const last = series.split('-').at(-1) ?? series;
  const first = Number(/-(\d+)$/.exec(name)?.[1] ?? 0);
  return {
    settings: [`ports.${setting}`],
    words: [`'${series}'`, String(hostPort), String(hostPort - first), 'publish'],
    names: [service, last],
  };
}

function judgeRules({ before, after, matched }: Comparison): Finding[] {
  const rename = (name: string) => matched.renamed.get(name) ?? name;
  const was = before.topology.allowed.map((edge) => ({ ...edge, from: rename(edge.from), to: rename(edge.to) }));
  const is = after.topology.allowed;
  const findings: Finding[] = [];
  for (const edge of is) {
    if (edge.because === 'same service') continue;
    const old = was.find(({ from, to }) => from === edge.from && to === edge.to);
    if (old?.because === edge.because || old?.because === 'declared') continue;
    const service = after.topology.services.find(({ name }) => name === edge.from);
    const cause = { ...(service && { construct: constructOf(service) }), ...ruleCause(edge.from, edge.to) };
    findings.push({
      level: 'exposure',
      subject: edge.from,
      what:
        edge.because === 'declared'
          ? `new allow rule: ${code(edge.from)} may connect to ${code(`${edge.to}:${edge.port}`)}`
          : `${code(edge.from)} can reach ${code(`${edge.to}:${edge.port}`)}, without a rule for it`,
      why:
        edge.because === 'declared'
          ? 'Whoever breaks into the one service reaches the other.'
          : 'Its owner listens on every address, so sharing any network is enough.',
      cause:
        edge.because === 'declared' ? cause : { ...cause, words: ["listen: 'all'", 'listen', ...(cause.words ?? [])] },
    });
  }
  for (const edge of was) {
    const there = (name: string) =>
      after.topology.services.some(
        (service) => service.name === name || service.endpoints.some((endpoint) => endpoint.name === name),
      );
    if (edge.because === 'same service' || !there(edge.from) || !there(edge.to)) continue;
    if (is.some(({ from, to }) => from === edge.from && to === edge.to)) continue;
    const service = after.topology.services.find(({ name }) => name === edge.from);
    findings.push({
      level: 'availability',
      subject: edge.from,
      what: `${code(edge.from)} may no longer connect to ${code(`${edge.to}:${edge.port}`)}`,
      why: 'Where it is still needed, every connection fails.',
      cause: { ...(service && { construct: constructOf(service) }), ...ruleCause(edge.from, edge.to) },
    });
  }
  return findings;
}

function ruleCause(from: string, to: string): Cause {
  const parts = to.split('-');
  return { words: ['allowTo', '.grant(', '.route(', 'listenTcp', 'allow'], names: [from, ...parts, to] };
}

function judgeListeners({ before, matched }: Comparison): Finding[] {
  return [...matched.pairs, ...matched.added.map((after) => ({ before: undefined, after }))].flatMap(
    ({ before: old, after: now }) =>
      now.endpoints.flatMap((endpoint): Finding[] => {
        const was = old?.endpoints.find(({ name }) => (matched.renamed.get(name) ?? name) === endpoint.name);
        const cause = {
          settings: ['port', 'listen'],
          words: ['addEndpoint', 'listen', String(endpoint.port)],
          names: [endpoint.name],
        };
        const findings: Finding[] = [];
        if (endpoint.listen === 'all' && was?.listen !== 'all') {
          findings.push(
            about(
              now,
              'exposure',
              `${code(endpoint.name)} listens on every address`,
              'Every service that shares any network with it reaches the port, whatever the rules say.',
              {
                ...cause,
                words: ["listen: 'all'", "'all'", 'listen'],
              },
            ),
          );
        }
        if (was && was.port !== endpoint.port) {
          findings.push(
            about(
              now,
              'availability',
              `${code(endpoint.name)} listens on another port: ${fromTo(was.port, endpoint.port)}`,
              'Clients that are not told are refused.',
              cause,
            ),
          );
        }
        if (old && !was && before.topology.services.length > 0) {
          findings.push(
            about(
              now,
              'other',
              `new endpoint ${code(endpoint.name)}, port ${code(endpoint.port)}`,
              'Nobody reaches it without a rule.',
              cause,
            ),
          );
        }
        return findings;
      }),
  );
}

/** Endpoints of services that stay. */
function judgeLostEndpoints({ matched }: Comparison): Finding[] {
  return matched.pairs.flatMap(({ before, after }) =>
    before.endpoints
      .filter(({ name }) => !after.endpoints.some((endpoint) => endpoint.name === (matched.renamed.get(name) ?? name)))
      .map(({ name, port }) =>
        about(
          after,
          'availability',
          `endpoint ${code(`${name}:${port}`)} is gone`,
          'Whoever connects there is refused.',
          { words: ['addEndpoint', name] },
        ),
      ),
  );
}

function judgeNetworks({ before, after, matched }: Comparison): Finding[] {
  const findings: Finding[] = [];
  const open: string[] = [];
  const moved: string[] = [];
  for (const network of after.topology.networks) {
    const old = before.topology.networks.find(({ name }) => (matched.renamed.get(name) ?? name) === network.name);
    if (!network.internal && (old ? old.internal : network.name !== 'edge')) open.push(network.name);
    if (old && old.subnet !== network.subnet) moved.push(network.name);
  }
  const subject = 'networks';
  if (open.length > 0) {
    findings.push({
      level: 'exposure',
      subject,
      what: `networks with a way out: ${codes(open)}`,
      why: 'Their containers can reach other machines and the internet, and take data there.',
      cause: { words: ['internal'] },
    });
  }
  for (const [name, network] of Object.entries(after.networks)) {
    const old = before.networks[name];
    // What is no longer internal was said above.
    if (old && old['internal'] !== true && networkFacts(network).hasWayOut && !networkFacts(old).hasWayOut) {
      findings.push({
        level: 'exposure',
        subject,
        what: `containers on ${code(name)} get a way out to the internet`,
        why: 'Whoever breaks into one of them can take data out.',
        cause: { words: ['masquerade'] },
      });
    }
  }
  const remade = Object.keys(after.networks).filter((name) => {
    const [old, now] = [before.networks[name], after.networks[name]].map((network) => ({
      ...network,
      ipam_config: null,
    }));
    return (
      before.networks[name] !== undefined && !isSame(old, now) && !moved.some((other) => name === `network-${other}`)
    );
  });
  if (remade.length > 0) {
    findings.push({
      level: 'availability',
      subject,
      what: `networks that are made anew: ${codes(remade)}`,
      why: 'Everything on them is cut off meanwhile.',
      cause: { words: ['internal', 'masquerade', 'options', 'driver', 'labels'] },
    });
  }
  if (moved.length > 0) {
    const owner = after.topology.services.find(({ endpoints }) => endpoints.some(({ name }) => moved.includes(name)));
    const whole = before.topology.baseCidr !== after.topology.baseCidr;
    findings.push({
      // Replicas and Sentinels know each other by address: all of them forget who is master at once.
      level: whole ? 'data' : 'availability',
      subject,
      what: `${whole ? `all addresses change, ${fromTo(before.topology.baseCidr, after.topology.baseCidr)}: ` : 'other addresses for '}${codes(moved)}`,
      why:
        'The networks are made anew, so everything on them stops; clients with fixed addresses find nobody.' +
        (whole
          ? ' Sentinels know nodes by address: who is master, and whose data counts, is then what the nodes have recorded.'
          : ''),
      cause: {
        construct: owner && constructOf(owner),
        environment: ['network.baseCidr'],
        words: ['baseCidr', 'slot', 'SLOTS', ...moved],
        names: moved,
      },
    });
  }
  return findings;
}
