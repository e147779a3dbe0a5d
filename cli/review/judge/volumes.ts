import type { TopologyService } from '../../../constructs/core/topology.js';
import { LOG_VOLUME } from '../../../constructs/logging/log-stack.js';
import { code, count, type Finding, fromTo } from '../finding.js';
import type { Declaration } from '../declaration.js';
import { about, type Comparison } from './comparison.js';

interface Mount {
  /** On the engine. */
  readonly volume: string;
  readonly service: TopologyService;
  /** Short name of the container. */
  readonly instance: string;
  readonly path: string;
  readonly readOnly: boolean;
}

/** Data volumes that lose their owner, move, or get another reader. */
export function judgeVolumes({ before, after, matched }: Comparison): Finding[] {
  const [old, now] = [mounts(before), mounts(after)];
  const current = (service: TopologyService) => matched.pairs.find((pair) => pair.before === service)?.after ?? service;
  const lost = old.filter(
    ({ volume, path, readOnly }) =>
      // Lines are stored elsewhere by the time that a container goes.
      path !== LOG_VOLUME.path && !readOnly && !now.some((mount) => mount.volume === volume && !mount.readOnly),
  );
  const findings: Finding[] = [];
  for (const [service, volumes] of grouped(lost)) {
    const successor = current(service);
    const instances = volumes.map(({ instance }) => instance);
    const whole = instances.length === service.instances.length;
    const exists = matched.pairs.some((pair) => pair.before === service);
    findings.push(
      about(
        successor,
        'data',
        `${instances.length === 1 ? 'the data volume' : count(instances.length, 'data volume')} of ${instances.map(code).join(', ')} ${instances.length === 1 ? 'loses its' : 'lose their'} owner` +
          (successor.name === service.name ? '' : ` (renamed from ${code(service.name)})`),
        whole
          ? exists
            ? 'The service starts without its data; the volumes stay on the engine, but nothing uses them.'
            : 'Nothing uses that data any more; the volumes stay on the engine until `destroy --delete-data`.'
          : 'One copy of the data fewer; the volumes stay on the engine, but nothing uses them.',
        { settings: ['replicas', 'sentinels'], words: ['volumes', 'replicas', 'sentinels', 'name:'] },
      ),
    );
  }
  for (const mount of old) {
    const again = now.filter((other) => other.volume === mount.volume && other.instance === mount.instance);
    // A log shipper has its own log volume twice: once to write, once to read.
    const moved = again.find(({ readOnly }) => readOnly === mount.readOnly) ?? again[0];
    if (moved && moved.path !== mount.path && mount.instance.endsWith('-0')) {
      findings.push(
        about(
          moved.service,
          'data',
          `its data volume is mounted elsewhere: ${fromTo(mount.path, moved.path)}`,
          'The program looks for its data in the old folder, which is empty now, and new data may not reach the volume.',
          { words: [moved.path, 'volumes', 'path:'] },
        ),
      );
    }
    if (moved && moved.readOnly && !mount.readOnly) {
      findings.push(
        about(
          moved.service,
          'data',
          `${code(mount.instance)} can no longer write to its volume`,
          'New data is not kept.',
          { words: ['readOnly', 'volumes'] },
        ),
      );
    }
  }
  const isNew = now.filter(
    (mount) =>
      old.some(({ volume }) => volume === mount.volume) &&
      !old.some(({ volume, service }) => volume === mount.volume && current(service) === mount.service),
  );
  for (const [service, shared] of grouped(isNew)) {
    const writes = shared.some(({ readOnly }) => !readOnly);
    const owners = [
      ...new Set(shared.map(({ volume }) => old.find((mount) => mount.volume === volume)?.service.name ?? '')),
    ];
    findings.push(
      about(
        service,
        writes ? 'data' : 'exposure',
        `it mounts data of ${owners.map(code).join(', ')}${writes ? ', and can write' : ''}`,
        writes
          ? 'Two services that write to one volume can destroy its data.'
          : 'What is stored there can be read by one more service.',
        { words: ['volumes', 'mount', 'readOnly'], names: [service.name, ...owners] },
      ),
    );
  }
  return findings;
}

function mounts({ topology }: Declaration): Mount[] {
  return topology.services.flatMap((service) =>
    service.instances.flatMap((instance) =>
      instance.volumes.map(({ name, path, readOnly }) => ({
        volume: name,
        service,
        instance: instance.name,
        path,
        readOnly,
      })),
    ),
  );
}

function grouped(all: readonly Mount[]): Map<TopologyService, Mount[]> {
  const groups = new Map<TopologyService, Mount[]>();
  for (const mount of all) groups.set(mount.service, [...(groups.get(mount.service) ?? []), mount]);
  return groups;
}
