import type { TopologyService } from '../../../constructs/core/topology.js';
import { code, type Finding } from '../finding.js';
import type { Declaration, Resource } from '../declaration.js';
import { containerFacts } from '../../../policies/judge/facts.js';
import { asRecord, list, text } from '../../../policies/judge/values.js';
import { about, type Comparison, newIn } from './comparison.js';

/** A weakness of a container, and the words by which its source is found. */
interface Weakness {
  readonly what: string;
  readonly why: string;
  readonly words: readonly string[];
}

const ESCAPE = 'Whoever breaks into the service gets further.';
const HOST_FILES = 'The host’s files can be read or changed from the container.';

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
  const facts = containerFacts(container, (reference) => reference);
  const weak = (is: boolean, what: string, why: string, ...words: string[]) => (is ? [{ what, why, words }] : []);
  const { user, securityOptions: options } = facts;
  const protects = options.some((option) => /^no-new-privileges(:true)?$/.test(option));
  const keeps = 'An intruder can change the program and keep tools.';
  const setuid = 'A setuid program makes an intruder root in the container.';
  const settings = 'An intruder can change settings and keep them.';
  const isRoot = user === undefined || /^(0|root)(:|$)/.test(user);
  return [
    ...weak(!facts.readOnlyRoot, 'its root file system is writable', keeps, 'writableRoot', 'readOnly', 'read_only'),
    ...weak(!facts.capabilities.drop.includes('ALL'), 'it keeps capabilities of root', ESCAPE, 'capabilities', 'drop'),
    ...facts.capabilities.add.flatMap((name) =>
      weak(true, `capability ${code(name)} is granted`, ESCAPE, name, 'capability'),
    ),
    ...weak(!protects, 'its processes can gain privileges', setuid, 'no-new-privileges', 'securityOpts'),
    ...options.flatMap((option) =>
      weak(/unconfined|disable/.test(option), `security option ${code(option)}`, ESCAPE, option, 'securityOpts'),
    ),
    ...weak(facts.privileged, 'it is privileged', 'Root in the container is root on the host.', 'privileged'),
    ...weak(isRoot, 'it runs as root', ESCAPE, 'user'),
    ...Object.entries(facts.namespaces).flatMap(([kind, mode]) => {
      const what = `it shares the host's namespace (${code(`${kind}_mode`)})`;
      return weak(
        mode === 'host',
        what,
        'The container is not separated from the host.',
        `${kind}_mode`,
        `${kind}Mode`,
      );
    }),
    ...weak(facts.hostDevices.length > 0, 'it gets devices of the host', ESCAPE, 'devices'),
    ...facts.hostMounts.flatMap((path) =>
      path.endsWith('docker.sock')
        ? weak(
            true,
            'it gets the engine’s socket',
            'Whoever has the socket is root on the host.',
            path,
            'hostPath',
            'volumes',
          )
        : weak(true, `it mounts ${code(path)} of the host`, HOST_FILES, path, 'hostPath', 'volumes'),
    ),
    ...list(container['volumes']).flatMap((volume) => {
      const source = text(asRecord(volume)['from_container']);
      const isWritable = source !== undefined && !source.endsWith(':ro');
      return weak(isWritable, 'it can write to its configuration', settings, 'fromContainer', ':ro');
    }),
    ...facts.ports.flatMap(({ address, hostPort }) => {
      const what = `it publishes ${code(`${address}:${String(hostPort)}`)} to other machines`;
      const isOpen = !/^(127\.|::1$)/.test(address);
      return weak(isOpen, what, 'Machines in the network can connect.', address, 'ip:', 'address', 'ports');
    }),
    ...Object.entries(asRecord(container['tmpfs'])).flatMap(([path, given]) => {
      const missing = ['noexec', 'nosuid', 'nodev'].filter((option) => !String(given).split(',').includes(option));
      const what = `scratch folder ${code(path)} without ${missing.map(code).join(', ')}`;
      return weak(missing.length > 0, what, 'An intruder can run what was written there.', ...missing, 'tmpfs');
    }),
  ];
}
