import type { TopologyService } from '../../../constructs/core/topology.js';
import { code, type Finding, fromTo } from '../finding.js';
import { masked } from '../masked.js';
import { about, type Comparison, isSame } from './comparison.js';

/** Everything else that differs, so that no difference goes unmentioned. */
export function judgeRest({ before, after, matched }: Comparison): Finding[] {
  const findings = matched.pairs.flatMap((pair) => [
    ...judgeEnvironment(pair.before, pair.after),
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
      { settings: names.map((name) => `environment.${name}`), words: [...names, 'environment', 'drain', 'port'] },
    ),
  ];
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
