import { eachRunningContainer, type Policy } from './judge/policy.js';
import type { ContainerFacts } from './judge/subject.js';

/** Options of runtimes that open a debugger or a profiler: Node.js, Java, Go (delve, pprof), Python. */
const DEBUGGER = /(^|\s)--inspect(-brk|-wait)?\b|\bjdwp\b|\bdlv\b|\bpprof\b|\bdebugpy\b/i;
const OFF = /^(|0|false|no|off)$/i;
/** Lines of redis.conf and haproxy.cfg. The statistics page shows and changes nothing, has a password, and status needs it. */
const LINES: Readonly<Record<string, RegExp>> = {
  '/config/redis.conf': /^(loglevel (debug|verbose)|enable-(debug|module)-command (yes|local))$/gm,
  '/config/haproxy.cfg': /^\s*(debug|stats admin .*|stats socket (?!\/).*)$/gm,
};

const check = eachRunningContainer(({ environment, command }) => [
  ...Object.entries(environment).flatMap(([name, value]) => debugSetting(name, value)),
  ...(DEBUGGER.test(command.join(' ')) || command.some((word) => word === '--debug')
    ? ['its command opens a debugger or a profiler']
    : []),
]);

export default {
  why: 'What is there to look inside shows data and stops programs for whoever finds it.',
  fix: 'Keep it for dev, test and ci: leave proxy.ports.nodes and debug settings out, log at info.',
  environments: ['prod'],
  judge: (subject) => [
    ...check(subject),
    ...subject.containers.flatMap(debugLines),
    ...subject.topology.published
      .filter(({ name }) => /^redis-node-\d+$/.test(name))
      .map(({ name, service }) => ({ subject: service, what: `it publishes ${name}, past the way to the master` })),
  ],
} satisfies Policy;

function debugSetting(name: string, value: string): string[] {
  const isLevel = /(^|_)LOG_?LEVEL$/i.test(name) && /^(debug|trace|verbose|all)$/i.test(value);
  const isSwitch = /(^|_)(DEBUG|PPROF|PROFILING)(_|$)/i.test(name) && !OFF.test(value);
  const isMode = /^(NODE_ENV|ASPNETCORE_ENVIRONMENT|APP_ENV|FLASK_ENV)$/.test(name) && /^dev/i.test(value);
  return isLevel || isSwitch || isMode || DEBUGGER.test(value)
    ? [`its setting ${name} is for debugging: ${value}`]
    : [];
}

function debugLines({ subject, files }: ContainerFacts) {
  return Object.entries(LINES).flatMap(([path, pattern]) =>
    [...(files[path] ?? '').matchAll(pattern)].map(([line]) => ({ subject, what: `${path} says: ${line.trim()}` })),
  );
}
