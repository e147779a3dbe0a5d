import type { TopologyService } from '../../../constructs/core/topology.js';
import { code, type Finding } from '../finding.js';
import type { Declaration, Resource } from '../declaration.js';
import { about, type Comparison, newIn } from './comparison.js';

/** A weakness of a container, and the words by which its source is found. */
interface Weakness {
  readonly what: string;
  readonly why: string;
  readonly words: readonly string[];
}

const ESCAPE = 'Whoever breaks into the service gets further.';

/** Hardening that is looser than before, told by what Terraform gets, so that no detour through the constructs hides it. */
export function judgeHardening({ before, after, matched }: Comparison): Finding[] {
  const all = [...matched.pairs, ...matched.added.map((service) => ({ before: undefined, after: service }))];
  return all.flatMap(({ before: old, after: now }) => {
    const known = old ? weaknessesOf(before, old) : [];
    const found = newIn(weaknessesOf(after, now), known).map(({ what, why, words }) =>
      about(now, 'exposure', what, why, { words }),
    );
    const tightened = old ? newIn(known, weaknessesOf(after, now)) : [];
    return [
      ...found,
      ...tightened.map(({ what, words }) =>
        about(now, 'other', `no longer so: ${what}`, 'The service is protected better.', {
          words,
        }),
      ),
    ];
  });
}

function weaknessesOf({ containers }: Declaration, service: TopologyService): Weakness[] {
  const names = new Set(service.instances.map(({ container }) => container));
  const found = Object.values(containers)
    .filter(({ name }) => names.has(String(name)))
    .flatMap(weaknesses);
  return [...new Map(found.map((weakness) => [weakness.what, weakness])).values()];
}

function weaknesses(container: Resource): Weakness[] {
  const found: Weakness[] = [];
  const add = (what: string, why: string, ...words: string[]) => found.push({ what, why, words });
  const list = (name: string): unknown[] => (Array.isArray(container[name]) ? container[name] : []);
  const capabilities = record(container['capabilities']) ?? record(list('capabilities')[0]);
  if (container['read_only'] !== true)
    add(
      'its root file system is writable',
      'An intruder can change the program and keep tools.',
      'writableRoot',
      'readOnly',
      'read_only',
    );
  if (!strings(capabilities?.['drop']).includes('ALL'))
    add('it keeps capabilities of root', ESCAPE, 'capabilities', 'drop');
  for (const capability of strings(capabilities?.['add'])) {
    add(`capability ${code(capability)} is granted`, ESCAPE, capability, 'capability');
  }
  if (!strings(container['security_opts']).some((option) => /^no-new-privileges(:true)?$/.test(option))) {
    add(
      'its processes can gain privileges',
      'A setuid program makes an intruder root in the container.',
      'no-new-privileges',
      'securityOpts',
    );
  }
  for (const option of strings(container['security_opts'])) {
    if (/unconfined|disable/.test(option)) add(`security option ${code(option)}`, ESCAPE, option, 'securityOpts');
  }
  if (container['privileged'] === true)
    add('it is privileged', 'Root in the container is root on the host.', 'privileged');
  const user = typeof container['user'] === 'string' ? container['user'] : '';
  if (user === '' || /^(0|root)(:|$)/.test(user)) add('it runs as root', ESCAPE, 'user');
  for (const mode of ['network_mode', 'pid_mode', 'ipc_mode', 'userns_mode', 'cgroupns_mode']) {
    if (container[mode] === 'host')
      add(
        `it shares the host's namespace (${code(mode)})`,
        'The container is not separated from the host.',
        mode,
        mode.replace('_m', 'M'),
      );
  }
  if (list('devices').length > 0) add('it gets devices of the host', ESCAPE, 'devices');
  for (const mount of [...list('volumes'), ...list('mounts')].map(record)) {
    const host = mount?.['host_path'] ?? (mount?.['type'] === 'bind' ? mount['source'] : undefined);
    if (typeof host === 'string') {
      add(
        host.endsWith('docker.sock') ? 'it gets the engine’s socket' : `it mounts ${code(host)} of the host`,
        host.endsWith('docker.sock')
          ? 'Whoever has the socket is root on the host.'
          : 'The host’s files can be read or changed from the container.',
        host,
        'hostPath',
        'volumes',
      );
    }
    const source = mount?.['from_container'];
    if (typeof source === 'string' && !source.endsWith(':ro'))
      add(
        'it can write to its configuration',
        'An intruder can change settings and keep them.',
        'fromContainer',
        ':ro',
      );
  }
  for (const port of list('ports').map(record)) {
    const ip = typeof port?.['ip'] === 'string' ? port['ip'] : '0.0.0.0';
    if (!/^(127\.|::1$)/.test(ip)) {
      const at = `${ip}:${String(port?.['external'])}`;
      add(
        `it publishes ${code(at)} to other machines`,
        'Machines in the network can connect.',
        ip,
        'ip:',
        'address',
        'ports',
      );
    }
  }
  for (const [path, options] of Object.entries(record(container['tmpfs']) ?? {})) {
    const missing = ['noexec', 'nosuid', 'nodev'].filter((option) => !String(options).split(',').includes(option));
    if (missing.length > 0)
      add(
        `scratch folder ${code(path)} without ${missing.map(code).join(', ')}`,
        'An intruder can run what was written there.',
        ...missing,
        'tmpfs',
      );
  }
  return found;
}

function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
