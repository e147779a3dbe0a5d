import type { TopologyService } from '../../../constructs/core/topology.js';
import { masked } from '../config-text.js';
import { code, type Finding, fromTo } from '../finding.js';
import { about, type Comparison, isSame } from './comparison.js';

/** Files that other judges read line by line. */
const READ = /\/(redis\.conf|sentinel\.conf|haproxy\.cfg|[^/]+\.acl)$/;

/** Everything else that differs, so that no difference goes unmentioned. */
export function judgeRest({ before, after, matched }: Comparison): Finding[] {
  const findings = matched.pairs.flatMap((pair) => [
    ...judgeEnvironment(pair.before, pair.after),
    ...judgeFiles(pair.before, pair.after),
    ...judgeSettings(pair.before, pair.after),
    ...judgeCommand(pair.before, pair.after),
  ]);
  if (before.topology.environment !== after.topology.environment) {
    findings.push({
      level: 'other',
      subject: 'environment',
      what: `the environment is called ${fromTo(before.topology.environment, after.topology.environment)}`,
      why: 'Everything in it gets another name.',
      cause: { environment: ['name'] },
    });
  }
  return findings;
}

function judgeEnvironment(before: TopologyService, after: TopologyService): Finding[] {
  const of = (service: TopologyService) => service.instances[0]?.environment ?? {};
  const [was, is] = [of(before), of(after)];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) => was[name] !== is[name]).sort();
  if (names.length === 0) return [];
  const shown = names.map((name) => {
    const [old, now] = [was[name], is[name]].map((value) => (value === undefined ? undefined : masked(name, value)));
    return old === undefined
      ? `${code(name)} is new`
      : now === undefined
        ? `${code(name)} is gone`
        : `${code(name)} ${fromTo(old, now)}`;
  });
  return [
    about(
      after,
      'other',
      `environment: ${shown.slice(0, 8).join(', ')}${shown.length > 8 ? ` and ${shown.length - 8} more` : ''}`,
      'The program is told something else.',
      {
        settings: names.map((name) => `environment.${name}`),
        words: [...names, 'environment', 'drain', 'port'],
      },
    ),
  ];
}

function judgeFiles(before: TopologyService, after: TopologyService): Finding[] {
  const find = (service: TopologyService, path: string) => service.files.find((file) => file.path === path)?.text;
  const paths = [...new Set([...before.files, ...after.files].map(({ path }) => path))].sort();
  const changed = paths.filter((path) => find(before, path) !== find(after, path));
  const shown = changed
    .filter((path) => !READ.test(path) || find(before, path) === undefined || find(after, path) === undefined)
    .map((path) =>
      find(before, path) === undefined
        ? `${code(path)} is new`
        : find(after, path) === undefined
          ? `${code(path)} is gone`
          : `${code(path)} changed`,
    );
  if (shown.length === 0) return [];
  return [
    about(after, 'other', `files: ${shown.join(', ')}`, 'The program reads them at its start.', {
      words: [...changed, ...changed.map((path) => path.split('/').at(-1) ?? ''), 'addFile'],
    }),
  ];
}

/** Named settings of redis are judged by what they become in its files; here are those of further services. */
function judgeSettings(before: TopologyService, after: TopologyService): Finding[] {
  const judged = new Set(['persistence', 'memory', 'replication', 'failover']);
  const names = [...new Set([...Object.keys(before.settings), ...Object.keys(after.settings)])].sort();
  return names
    .filter((name) => !judged.has(name) && !isSame(before.settings[name], after.settings[name]))
    .map((name) =>
      about(
        after,
        'other',
        `${code(name)}: ${fromTo(before.settings[name] ?? 'not set', after.settings[name] ?? 'not set')}`,
        'It was declared as something to look at.',
        { settings: [name], words: [name] },
      ),
    );
}

function judgeCommand(before: TopologyService, after: TopologyService): Finding[] {
  if (isSame(before.command, after.command)) return [];
  const text = (command: readonly string[] | null) =>
    command ? command.map((part) => masked(part, part)).join(' ') : "the image's own";
  return [
    about(
      after,
      'other',
      `another command: ${fromTo(text(before.command), text(after.command))}`,
      'The container runs something else.',
      { words: ['command', ...(after.command ?? [])] },
    ),
  ];
}
