import type { TopologyService } from '../../../constructs/core/topology.js';
import { modelsOf } from '../../../constructs/models.js';
import { Duration, Size } from '../../../constructs/core/units.js';
import { code, codes, count, type Finding, fromTo } from '../finding.js';
import type { Declaration } from '../declaration.js';
import { about, type Comparison, isSame } from './comparison.js';

/** Services and containers that go, limits, health checks, users, times to stop. What is replaced: replacement.ts. */
export function judgeAvailability(comparison: Comparison): Finding[] {
  const { matched } = comparison;
  return [
    ...matched.removed.map((service) =>
      about(
        service,
        'availability',
        `the service is removed, with ${count(service.instances.length, 'container')}`,
        'Whoever needs it fails.',
        { words: [`'${service.name}'`, service.name] },
      ),
    ),
    ...matched.added.map((service) =>
      about(
        service,
        'other',
        `new service with ${count(service.instances.length, 'container')} of ${code(service.image.from)}`,
        'It runs beside the others; what it may reach is listed as rules.',
        { words: [`'${service.name}'`, service.name] },
      ),
    ),
    ...matched.pairs.flatMap((pair) => judgePair(comparison, pair.before, pair.after)),
  ];
}

function judgePair(comparison: Comparison, before: TopologyService, after: TopologyService): Finding[] {
  const findings: Finding[] = [];
  if (before.name !== after.name) {
    findings.push(
      about(
        after,
        'availability',
        `the service is renamed: ${fromTo(before.name, after.name)}`,
        'Its containers and networks are removed and made anew under the new name.',
        { words: [`'${after.name}'`, after.name] },
      ),
    );
  }
  findings.push(
    ...judgeCount(comparison, before, after),
    ...judgeLimits(before, after),
    ...judgeHealth(comparison, before, after),
  );
  if (before.user !== after.user && after.user !== 0) {
    findings.push(
      about(
        after,
        'availability',
        `it runs as another user: ${fromTo(before.user, after.user)}`,
        'Files in its volumes belong to the old one: it may not be able to read its data.',
        { words: ['user:', 'user'] },
      ),
    );
  }
  const [was, is] = [before, after].map(({ stopTimeout }) => Duration.parse(stopTimeout)?.toMilliseconds() ?? 0);
  if (was !== undefined && is !== undefined && was !== is) {
    const shorter = is < was;
    findings.push(
      about(
        after,
        shorter ? 'availability' : 'other',
        `time to stop: ${fromTo(before.stopTimeout, after.stopTimeout)}`,
        shorter
          ? 'What is not done by then is broken off: requests, a handover, a snapshot.'
          : 'Stopping may take longer.',
        { settings: ['drain'], words: ['stopTimeout', 'drain'] },
      ),
    );
  }
  return findings;
}

function judgeCount(comparison: Comparison, before: TopologyService, after: TopologyService): Finding[] {
  const [was, is] = [before.instances.length, after.instances.length];
  if (was === is) return [];
  const settings = countSettings(comparison.after, after);
  const cause = { settings, words: [...settings, 'replicas'] };
  return [
    is < was
      ? about(
          after,
          'availability',
          `fewer containers: ${fromTo(was, is)}`,
          is === 1 ? 'There is no other one when it fails.' : 'Fewer failures are survived, and fewer share the load.',
          cause,
        )
      : about(after, 'other', `more containers: ${fromTo(was, is)}`, 'More failures are survived.', cause),
  ];
}

/** What the environment calls the number of a service's containers. */
function countSettings({ topology }: Declaration, { name }: TopologyService): string[] {
  const watch = modelsOf(topology, 'redis').some(({ sentinels }) => sentinels.service === name);
  return [watch ? 'sentinels' : 'replicas'];
}

function judgeLimits(before: TopologyService, after: TopologyService): Finding[] {
  const bytes = ({ limits }: TopologyService) => Size.parse(limits.memory)?.toBytes() ?? 0;
  const lowered: string[] = [];
  const settings: string[] = [];
  if (bytes(after) < bytes(before)) {
    lowered.push(`memory ${fromTo(before.limits.memory, after.limits.memory)}`);
    settings.push('limits.memory', 'maxMemory');
  }
  if (after.limits.cpus < before.limits.cpus) {
    lowered.push(`cores ${fromTo(before.limits.cpus, after.limits.cpus)}`);
    settings.push('limits.cpus');
  }
  if (after.limits.processes < before.limits.processes)
    lowered.push(`processes ${fromTo(before.limits.processes, after.limits.processes)}`);
  if (lowered.length === 0) return [];
  return [
    about(
      after,
      'availability',
      `lower limits: ${lowered.join(', ')}`,
      lowered[0]?.startsWith('memory')
        ? 'A container that needs more is killed.'
        : 'What needs more gets slower or fails.',
      {
        settings,
        words: [...settings.map((setting) => setting.split('.').at(-1) ?? ''), 'limits', 'processes'],
      },
    ),
  ];
}

function judgeHealth({ before, after }: Comparison, was: TopologyService, is: TopologyService): Finding[] {
  const words = { words: ['healthCheck', 'HealthCheck', 'health'] };
  if (was.healthCheck.command && !is.healthCheck.command) {
    return [
      about(
        is,
        'availability',
        `no health check any more${is.healthCheck.reason === null ? '' : ` (“${is.healthCheck.reason.replaceAll('`', "'")}”)`}`,
        'A container that hangs counts as well.',
        {
          ...words,
          settings: ['healthCheck', 'image'],
        },
      ),
    ];
  }
  if (!isSame(was.healthCheck.command, is.healthCheck.command)) {
    const text = (command: readonly string[] | null) => command?.join(' ') ?? 'none';
    return [
      about(
        is,
        'availability',
        `another health check: ${fromTo(text(was.healthCheck.command), text(is.healthCheck.command))}`,
        'What counts as well is decided differently.',
        words,
      ),
    ];
  }
  const timing = (declaration: Declaration, service: TopologyService) => {
    const container = Object.values(declaration.containers).find(
      ({ name }) => name === service.instances[0]?.container,
    );
    const check = container?.['healthcheck'];
    return (typeof check === 'object' && check !== null ? check : {}) as Readonly<Record<string, unknown>>;
  };
  const [old, now] = [timing(before, was), timing(after, is)];
  const changed = ['interval', 'timeout', 'retries', 'start_period'].filter((key) => !isSame(old[key], now[key]));
  if (changed.length === 0) return [];
  return [
    about(
      is,
      'availability',
      `its health check is timed differently: ${codes(changed.map((key) => `${key} ${String(old[key])} → ${String(now[key])}`))}`,
      'Failures are noticed sooner or later than before.',
      { words: [...changed.map((key) => (key === 'start_period' ? 'startPeriod' : key)), ...words.words] },
    ),
  ];
}
