import { modelsOf } from '../constructs/models.js';
import { eachRunningContainer, type Policy } from './judge/policy.js';

/** Options of runtimes that open a debugger or a profiler: Node.js, Java, Go (delve, pprof), Python. */
const DEBUGGER = /(^|\s)--inspect(-brk|-wait)?\b|\bjdwp\b|\bdlv\b|\bpprof\b|\bdebugpy\b/i;
const OFF = /^(|0|false|no|off)$/i;
/** Directives of redis.conf. */
const DIRECTIVES = /^(loglevel (debug|verbose)|enable-(debug|module)-command (yes|local))$/;

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
    ...modelsOf(subject.topology, 'redis').flatMap(({ nodes }) =>
      Object.entries(nodes.directives)
        .map(([name, value]) => `${name} ${value}`)
        .filter((line) => DIRECTIVES.test(line))
        .map((line) => ({ subject: nodes.service, what: `redis.conf says: ${line}` })),
    ),
    ...modelsOf(subject.topology, 'proxy').flatMap(({ service, tcp }) =>
      tcp
        .filter(({ to }) => modelsOf(subject.topology, 'redis').some(({ nodes }) => nodes.service === to.service))
        .filter(({ role }) => role === 'any')
        .map(({ name }) => ({ subject: service, what: `it publishes ${name}, past the way to the master` })),
    ),
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
