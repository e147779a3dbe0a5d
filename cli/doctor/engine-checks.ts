import { compareVersions } from '../bootstrap/programs.mjs';
import { bad, type Check, type Finding, note, ok, unknown } from './check.js';
import { type EngineFacts, homeOf, type StartFacts } from './facts.js';
import { limitOpenFiles, moreMemory, setClock, setKernel } from './fixes.js';
import { gibibytes } from './size.js';

/** Older ones have no API 1.41. */
const OLDEST_ENGINE = '20.10';
/** Sentinel goes into TILT, in which nothing is failed over, at jumps of 2 s (redis.io, Sentinel documentation). */
const MOST_CLOCK_DIFFERENCE_MS = 2_000;
/** Elastic's own requirement for production use (elastic.co, "Virtual memory"). */
const LEAST_MAP_COUNT = 262_144;
/** Elastic's requirement (elastic.co, "File descriptors"), above what a Redis node needs for its 10,000 clients. */
const GOOD_OPEN_FILES = 65_535;
/** The proxy takes two for each connection that it may have, and does not start with fewer. */
export const LEAST_OPEN_FILES = 18_000;
/** Builds, and what the engine writes by itself. */
const LEAST_ENGINE_DISK = 2 * 1024 ** 3;

/** Without an engine there is nothing to judge; the check `engine` says why. */
function onEngine(judge: (engine: EngineFacts, facts: StartFacts) => readonly Finding[]): Check<StartFacts>['judge'] {
  return (facts) => ('value' in facts.engine ? judge(facts.engine.value, facts) : unknown('no engine answers'));
}

const answers: Check<StartFacts> = {
  id: 'engine',
  title: 'Docker engine',
  judge: ({ engine, os }) => {
    if ('error' in engine) return bad({ what: 'no engine answers', fix: engine.error });
    const { version, operatingSystem, architecture, storage, cgroupVersion, rootless } = engine.value;
    if (compareVersions(version, OLDEST_ENGINE) >= 0) {
      const mode = [architecture, storage, `cgroup v${cgroupVersion}`, ...(rootless ? ['rootless'] : [])];
      return ok(`${version} on ${operatingSystem}, ${homeOf(engine.value, os)} (${mode.join(', ')})`);
    }
    return bad({
      what: 'the engine is too old',
      got: version,
      allowed: `from ${OLDEST_ENGINE}`,
      fix: 'Update Docker Desktop, or the package docker-ce or docker.io.',
    });
  },
};

const limits: Check<StartFacts> = {
  id: 'limits',
  title: 'limits of containers',
  judge: onEngine(({ missingLimits, rootless, cgroupVersion }) => {
    if (missingLimits.length === 0) return ok('memory, swap and processors');
    return note({
      what: `the engine cannot limit ${missingLimits.join(' and ')}, so one container can take what the others need`,
      got: `cgroup v${cgroupVersion}${rootless ? ', rootless' : ''}`,
      allowed: 'limits of memory, swap and processors',
      fix: rootless
        ? 'Let systemd hand control groups on to users: `Delegate=cpu cpuset io memory pids` in /etc/systemd/system/user@.service.d/delegate.conf, then log in again.'
        : 'Add `cgroup_enable=memory swapaccount=1` to the kernel command line (GRUB_CMDLINE_LINUX in /etc/default/grub, then `sudo update-grub`) and restart the machine.',
    });
  }),
};

const isolation: Check<StartFacts> = {
  id: 'isolation',
  title: 'networks cut off from the host',
  judge: onEngine(({ isolatedGateways, version }) =>
    isolatedGateways
      ? ok('yes')
      : note({
          what:
            "containers can reach services that listen on this host's own addresses, and machines in the same network segment may " +
            'reach the ports published on 127.0.0.1',
          got: `engine ${version}`,
          allowed: 'engine 28 or newer for full isolation',
          fix: 'Update the engine when you can.',
        }),
  ),
};

const cpus: Check<StartFacts> = {
  id: 'cpus',
  title: "processors, against the containers' limits",
  judge: onEngine(({ cpus: count }, { declared }) => {
    const fix = 'Give the engine more (Docker Desktop: Settings, Resources; with WSL 2: processors in .wslconfig)';
    if (declared.largest.cpus > count) {
      return bad({
        what: `the engine refuses a container of ${declared.largest.service} that may use more processors than there are`,
        got: `${declared.largest.cpus} of ${count}`,
        allowed: `up to ${count}`,
        fix: `${fix}, or lower limits.cpus in the environment.`,
      });
    }
    if (count >= 2) return ok(`${count}, limits ${declared.cpus}`);
    return note({
      what: 'one processor serves everything, so failovers take longer',
      got: count,
      allowed: 'from 2',
      fix: `${fix}.`,
    });
  }),
};

const memory: Check<StartFacts> = {
  id: 'memory',
  title: "memory, against the sum of the containers' limits",
  judge: onEngine((engine, { declared, os }) => {
    const got = `${gibibytes(engine.memoryBytes)}, limits ${gibibytes(declared.memoryBytes)}`;
    if (engine.memoryBytes >= declared.memoryBytes) return ok(got);
    return note({
      what: 'the containers may use more memory together than there is; with few data they do not',
      got,
      allowed: `from ${gibibytes(declared.memoryBytes)} to be sure`,
      fix: `${moreMemory(homeOf(engine, os), declared.memoryBytes)}, lower redis.maxMemory, or set logs: { flavour: 'off' } in the environment.`,
    });
  }),
};

const disk: Check<StartFacts> = {
  id: 'engine-disk',
  title: 'disk of the engine, against what data and logs may grow to',
  judge: onEngine(({ freeDiskBytes }, { declared }) => {
    if (freeDiskBytes === undefined) return unknown("it is not on this machine's disks");
    const got = `${gibibytes(freeDiskBytes)} free, up to ${gibibytes(declared.diskBytes)} wanted`;
    const fix =
      'Make room: `docker system df` shows what images, build caches and volumes take, `docker builder prune` empties the cache.';
    if (freeDiskBytes < LEAST_ENGINE_DISK) {
      return bad({
        what: "the engine's disk is nearly full",
        got,
        allowed: `from ${gibibytes(LEAST_ENGINE_DISK)}`,
        fix,
      });
    }
    if (freeDiskBytes >= declared.diskBytes) return ok(got);
    return note({
      what: 'Redis refuses writes, and logs are lost, if the disk fills up: maxMemory and logs.retention allow more than is free',
      got,
      allowed: `from ${gibibytes(declared.diskBytes)} to be sure`,
      fix,
    });
  }),
};

const clock: Check<StartFacts> = {
  id: 'clock',
  title: "the engine's clock, against this machine's",
  judge: onEngine((engine, { os }) => {
    const got = `${(engine.clockAheadMs / 1000).toFixed(1).replace(/^-(?=0\.0$)/, '')} s ahead`;
    if (Math.abs(engine.clockAheadMs) < MOST_CLOCK_DIFFERENCE_MS) return ok(got);
    return note({
      what: 'the clocks differ: log lines carry the wrong time, and certificates may count as not yet valid',
      got,
      allowed: 'less than 2 s',
      fix: setClock(homeOf(engine, os)),
    });
  }),
};

/** A setting of the kernel, and what it should be. */
interface KernelSetting {
  readonly name: string;
  readonly wanted: number;
  readonly isGood: (value: number) => boolean;
  /** What happens otherwise. */
  readonly what: string;
  /** Whether only Elasticsearch needs it. @default false */
  readonly elasticsearch?: boolean;
}

function kernelCheck(id: string, { name, wanted, isGood, what, elasticsearch }: KernelSetting): Check<StartFacts> {
  return {
    id,
    title: name,
    judge: onEngine((engine, { kernel, os, declared }) => {
      const value = kernel?.[name];
      if (value === undefined) return unknown("the engine's kernel is another one, and no container runs to look in");
      if (isGood(value)) return ok(String(value));
      if (elasticsearch === true && declared.logs === 'off') return ok(`${value}: enough without elasticsearch`);
      const allowed = String(wanted);
      return note({ what, got: `${name} ${value}`, allowed, fix: setKernel(homeOf(engine, os), name, wanted) });
    }),
  };
}

const overcommit = kernelCheck('overcommit', {
  name: 'vm.overcommit_memory',
  wanted: 1,
  isGood: (value) => value === 1,
  what: 'a snapshot may fail while memory is nearly full (redis.io, administration)',
});

const mapCount = kernelCheck('map-count', {
  name: 'vm.max_map_count',
  wanted: LEAST_MAP_COUNT,
  isGood: (value) => value >= LEAST_MAP_COUNT,
  what: 'Elasticsearch may run out of memory maps with many indices',
  elasticsearch: true,
});

const openFiles: Check<StartFacts> = {
  id: 'open-files',
  title: 'files that a container may have open',
  judge: onEngine((engine, { openFiles: most, os, declared }) => {
    if (most === undefined) return unknown('no container runs to look in');
    const got = most === Infinity ? 'unlimited' : String(most);
    const enough = declared.logs === 'off' ? LEAST_OPEN_FILES : GOOD_OPEN_FILES;
    if (most >= enough) return ok(got);
    const fix = limitOpenFiles(homeOf(engine, os));
    if (most < LEAST_OPEN_FILES) {
      return bad({ what: 'the proxy needs more open files to start', got, allowed: `from ${LEAST_OPEN_FILES}`, fix });
    }
    return note({
      what: 'Elasticsearch may run out of open files with many indices, and so may the proxy with many nodes',
      got,
      allowed: `from ${GOOD_OPEN_FILES}`,
      fix,
    });
  }),
};

const logStack: Check<StartFacts> = {
  id: 'log-stack',
  title: 'log stack',
  judge: ({ declared }) =>
    declared.logs === 'debian'
      ? note({
          what: 'the log stack is `debian`, for networks without an image registry: rsyslog and Elasticsearch, without Logstash and Kibana',
          fix: 'Search with `npm run logs`; there are no dashboards.',
        })
      : ok(declared.logs),
};

/** What concerns the engine; all of it is cheap to look at. */
export const engineChecks: readonly Check<StartFacts>[] = [
  answers,
  limits,
  isolation,
  cpus,
  memory,
  disk,
  clock,
  overcommit,
  mapCount,
  openFiles,
  logStack,
];
