import type Docker from 'dockerode';
import { amount, asRecord, list, text, texts, type Values } from '../../policies/judge/values.js';
import { type Fact, type Facts, set } from './facts.js';
import { declaredHealthCheck, healthCheck } from './health-check.js';
import { command, entrypoint, environment, type ImageFacts, labels, orImage } from './image-facts.js';
import { actualMounts, declaredMounts, type MountsFrom } from './mounts.js';
import { boundPorts, declaredPorts, portBindings } from './ports.js';
import {
  blocks,
  capabilities,
  count,
  flag,
  hostCount,
  hostFlag,
  hostList,
  hostMode,
  hostSize,
  hostText,
  inConfig,
  listed,
  mebibytes,
  mode,
  pairs,
  textOf,
} from './readings.js';

/** What a declaration refers to, and what the engine can do. */
export interface Surroundings {
  /** Undefined where the engine has no image of that name any more. */
  readonly image: ImageFacts | undefined;
  readonly mountsFrom: MountsFrom;
  /** The kernel can limit swap; where it can't, the engine drops the limit. */
  readonly swapLimit: boolean;
}

/**
 * One fact of a container. Undeclared means the engine's own default, so that an engine that comes to another default
 * for something harmless is not drift.
 */
interface Row {
  readonly name: string;
  /** Undefined where the declaration leaves it open. */
  readonly declared: (values: Values, around: Surroundings) => Fact | undefined;
  readonly actual: (container: Container, values: Values, around: Surroundings) => Fact;
}

/** What `docker inspect` shows, in its own words: what the types of dockerode leave out is read here, too. */
interface Container {
  readonly config: Values;
  readonly host: Values;
  readonly inspected: Docker.ContainerInspectInfo;
}

const DEFAULT_SHM_MEBIBYTES = 64;

const ROWS: readonly Row[] = [
  ...[
    // What runs.
    row('image', textOf('image'), inConfig('Image')),
    row(
      'image id',
      (_, { image }) => image?.Id,
      ({ inspected }) => inspected.Image,
    ),
    row('entrypoint', entrypoint, inConfig('Entrypoint')),
    row('command', command, inConfig('Cmd')),
    row('working_dir', orImage('working_dir', 'WorkingDir'), inConfig('WorkingDir')),
    row('env', environment, ({ config }) => set(texts(config['Env']))),
    row('hostname', (values) => text(values['hostname']), inConfig('Hostname')),
    row('labels', labels, ({ config }) => pairs(config['Labels'])),
    row('healthcheck', declaredHealthCheck, ({ config }) => healthCheck(config['Healthcheck'])),
    row('tty', flag('tty'), ({ config }) => String(config['Tty'] === true)),
    row('stdin_open', flag('stdin_open'), ({ config }) => String(config['OpenStdin'] === true)),
    row('stop_signal', orImage('stop_signal', 'StopSignal'), inConfig('StopSignal')),
    row('stop_timeout', (values) => text(values['stop_timeout']), inConfig('StopTimeout')),
  ],
  ...[
    // Privileges.
    row('user', orImage('user', 'User'), inConfig('User')),
    row('group_add', listed('group_add'), hostList('GroupAdd')),
    row('privileged', flag('privileged'), hostFlag('Privileged')),
    row('read_only', flag('read_only'), hostFlag('ReadonlyRootfs')),
    row(
      'cap_add',
      (values) => capabilities(asRecord(list(values['capabilities'])[0])['add']),
      ({ host }) => capabilities(host['CapAdd']),
    ),
    row(
      'cap_drop',
      (values) => capabilities(asRecord(list(values['capabilities'])[0])['drop']),
      ({ host }) => capabilities(host['CapDrop']),
    ),
    row('security_opts', listed('security_opts'), hostList('SecurityOpt')),
    row(
      'kernel paths masked',
      (values) => String(values['privileged'] !== true),
      ({ host }) => String(['MaskedPaths', 'ReadonlyPaths'].every((paths) => list(host[paths]).length > 0)),
    ),
    row(
      'devices',
      (values) => blocks(values['devices'], ['host_path', 'container_path', 'permissions']),
      ({ host }) => blocks(host['Devices'], ['PathOnHost', 'PathInContainer', 'CgroupPermissions']),
    ),
    row('device rules', () => [], hostList('DeviceCgroupRules')),
    row(
      'device requests',
      (values) => (text(values['gpus']) === undefined ? [] : undefined),
      ({ host }) => set(list(host['DeviceRequests']).map((one) => JSON.stringify(one))),
    ),
    row(
      'sysctls',
      (values) => pairs(values['sysctls']),
      ({ host }) => pairs(host['Sysctls']),
    ),
    row('pid_mode', mode('pid_mode'), hostMode('PidMode')),
    row('ipc_mode', mode('ipc_mode'), hostMode('IpcMode')),
    row('uts mode', () => 'its own', hostMode('UTSMode')),
    row('userns_mode', mode('userns_mode'), hostMode('UsernsMode')),
    row('network_mode', mode('network_mode'), hostMode('NetworkMode')),
  ],
  ...[
    // What is mounted and published.
    row(
      'mounts',
      (values, { image, mountsFrom }) => declaredMounts(values, image, mountsFrom),
      ({ inspected }, values, { mountsFrom }) => actualMounts(inspected, values, mountsFrom),
    ),
    row(
      'tmpfs',
      (values) => pairs(values['tmpfs']),
      ({ host }) => pairs(host['Tmpfs']),
    ),
    row('ports', declaredPorts, ({ host }) => portBindings(host['PortBindings'])),
    row('ports that the engine listens on', declaredPorts, ({ inspected }) => boundPorts(inspected)),
    row('publish_all_ports', flag('publish_all_ports'), hostFlag('PublishAllPorts')),
    row('dns', listed('dns'), hostList('Dns')),
    row('dns_opts', listed('dns_opts'), hostList('DnsOptions')),
    row('dns_search', listed('dns_search'), hostList('DnsSearch')),
    row('host', (values) => blocks(values['host'], ['host', 'ip']), hostList('ExtraHosts')),
    row('links', () => [], hostList('Links')),
  ],
  ...[
    // Limits.
    row('memory', mebibytes('memory'), hostSize('Memory')),
    row(
      'memory_swap',
      (values, around) => (around.swapLimit ? mebibytes('memory_swap')(values) : undefined),
      hostSize('MemorySwap'),
    ),
    row('memory reservation', () => '0 MiB', hostSize('MemoryReservation')),
    row('shm_size', mebibytes('shm_size', DEFAULT_SHM_MEBIBYTES), hostSize('ShmSize')),
    row(
      'cpus',
      (values) => String(amount(values['cpus'])),
      ({ host }) => String(amount(host['NanoCpus']) / 1e9),
    ),
    row('cpu_shares', count('cpu_shares'), hostCount('CpuShares')),
    row('cpu_quota', count('cpu_quota'), hostCount('CpuQuota')),
    row('cpu_period', count('cpu_period'), hostCount('CpuPeriod')),
    row('cpu_set', textOf('cpu_set'), hostText('CpusetCpus')),
    row('block i/o weight', () => '0', hostCount('BlkioWeight')),
    row(
      'process limit',
      () => '0',
      // "Without" is null, 0 or -1.
      ({ host }) => String(Math.max(0, amount(host['PidsLimit']))),
    ),
    row(
      'ulimit',
      (values) => blocks(values['ulimit'], ['name', 'soft', 'hard']),
      // An engine may be set up to limit every container in further ways.
      ({ host }, values) => {
        const names = list(values['ulimit']).map((limit) => asRecord(limit)['name']);
        const found = list(host['Ulimits']).filter((limit) => names.includes(asRecord(limit)['Name']));
        return blocks(found, ['Name', 'Soft', 'Hard']);
      },
    ),
    row('oom killer off', () => 'false', hostFlag('OomKillDisable')),
  ],
  ...[
    // How it ends, starts again and is logged.
    row(
      'restart',
      (values) => `${text(values['restart']) ?? 'no'} ${amount(values['max_retry_count'])}`,
      ({ host }) => {
        const { Name, MaximumRetryCount } = asRecord(host['RestartPolicy']);
        return `${text(Name) ?? 'no'} ${amount(MaximumRetryCount)}`;
      },
    ),
    row('rm', flag('rm'), hostFlag('AutoRemove')),
    row(
      'log_driver',
      (values) => text(values['log_driver']),
      ({ host }) => text(asRecord(host['LogConfig'])['Type']) ?? '',
    ),
    row(
      'log_opts',
      (values) => (values['log_driver'] === undefined ? undefined : pairs(values['log_opts'])),
      ({ host }) => pairs(asRecord(host['LogConfig'])['Config']),
    ),
  ],
];

/** What is declared of a container's reach, privileges and limits. */
export function declaredFacts(values: Values, around: Surroundings): Facts {
  const facts = ROWS.map(({ name, declared }) => [name, declared(values, around)] as const);
  return Object.fromEntries(facts.flatMap(([name, fact]) => (fact === undefined ? [] : [[name, fact] as const])));
}

/** What the engine says of the same. */
export function actualFacts(inspected: Docker.ContainerInspectInfo, values: Values, around: Surroundings): Facts {
  const container = { config: asRecord(inspected.Config), host: asRecord(inspected.HostConfig), inspected };
  return Object.fromEntries(ROWS.map(({ name, actual }) => [name, actual(container, values, around)]));
}

function row(name: string, declared: Row['declared'], actual: Row['actual']): Row {
  return { name, declared, actual };
}
