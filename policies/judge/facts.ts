import type { ContainerFacts, NetworkFacts, VolumeFacts } from './subject.js';
import { amount, asRecord, isOn, list, text, texts, type Values } from './values.js';

/*
 * Only what is plainly harmless counts as harmless: an expression that Terraform has yet to work out, or a value of
 * another kind than expected, is read as what a policy would refuse.
 */

/** @param networkName finds the name of a network behind a reference to its resource */
export function containerFacts(values: Values, networkName: (reference: string) => string): ContainerFacts {
  const name = text(values['name']) ?? 'a container';
  const labels = pairs(values['labels']);
  const capabilities = asRecord(list(values['capabilities'])[0]);
  const healthCheck = texts(asRecord(list(values['healthcheck'])[0])['test']);
  const mounts = list(values['mounts']).map(asRecord);
  const volumes = list(values['volumes']).map(asRecord);
  return {
    subject: labels['redis-platform.service'] ?? name,
    name,
    runs: values['start'] !== false,
    image: text(values['image']) ?? '',
    user: text(values['user']),
    groups: texts(values['group_add']),
    readOnlyRoot: values['read_only'] === true,
    privileged: isOn(values['privileged']),
    capabilities: { drop: texts(capabilities['drop']), add: texts(capabilities['add']) },
    securityOptions: texts(values['security_opts']),
    hostDevices: [
      ...list(values['devices']).map((device) => text(asRecord(device)['host_path']) ?? 'a device'),
      ...list(values['device_requests']).map(() => 'a requested device'),
      ...texts(values['device_cgroup_rules']),
      ...(text(values['gpus']) === undefined ? [] : ['GPUs']),
    ],
    namespaces: namespaces(values),
    memory: amount(values['memory']),
    memorySwap: amount(values['memory_swap']),
    cpus: amount(values['cpus']),
    processes: Math.max(
      0,
      ...list(values['ulimit'])
        .map(asRecord)
        .flatMap((limit) => (limit['name'] === 'nproc' ? amount(limit['hard']) : [])),
    ),
    healthCheck: healthCheck[0] === 'NONE' ? [] : healthCheck,
    command: [...texts(values['entrypoint']), ...texts(values['command'])],
    environment: Object.fromEntries(texts(values['env']).map(splitSetting)),
    labels,
    ports: list(values['ports']).map((port) => {
      const { ip, external } = asRecord(port);
      // Docker's own default.
      return { address: text(ip) ?? '0.0.0.0', hostPort: typeof external === 'number' ? external : undefined };
    }),
    publishesAll: isOn(values['publish_all_ports']),
    hostMounts: [
      ...volumes.flatMap((volume) => text(volume['host_path']) ?? []),
      // A volume's name that is a path is a bind mount to Docker.
      ...volumes.flatMap((volume) => onlyPath(text(volume['volume_name'])) ?? []),
      ...mounts.flatMap(({ type, source }) =>
        type === 'volume' || type === 'tmpfs' ? (onlyPath(text(source)) ?? []) : [text(source) ?? String(type)],
      ),
    ],
    networks: new Map(
      list(values['networks_advanced'])
        .map(asRecord)
        .map((network) => [networkName(String(network['name'])), text(network['ipv4_address'])]),
    ),
    files: Object.fromEntries(
      list(values['upload'])
        .map(asRecord)
        .flatMap(({ file, content }) => (text(content) === undefined ? [] : [[String(file), String(content)]])),
    ),
  };
}

export function networkFacts(values: Values): NetworkFacts {
  const options = asRecord(values['options']);
  // Without masquerading nothing that leaves finds its way back.
  const isCutOff = values['internal'] === true || options['com.docker.network.bridge.enable_ip_masquerade'] === 'false';
  const isBridge = (values['driver'] ?? 'bridge') === 'bridge';
  return { name: String(values['name']), hasWayOut: !isCutOff || !isBridge };
}

export function volumeFacts(values: Values): VolumeFacts {
  return {
    name: String(values['name']),
    // The local driver binds what `device` names; network file systems are no folders of the host.
    hostPath: onlyPath(text(asRecord(values['driver_opts'])['device'])),
  };
}

function namespaces(values: Values): Record<string, string> {
  const modes = {
    network: values['network_mode'],
    pid: values['pid_mode'],
    ipc: values['ipc_mode'],
    userns: values['userns_mode'],
    cgroupns: values['cgroupns_mode'],
    uts: values['uts_mode'],
  };
  return Object.fromEntries(
    Object.entries(modes).flatMap(([kind, mode]) => (text(mode) === undefined ? [] : [[kind, String(mode)]])),
  );
}

function onlyPath(value: string | undefined): string | undefined {
  return value !== undefined && /^([/\\~.]|[A-Za-z]:[/\\])/.test(value) ? value : undefined;
}

function splitSetting(setting: string): [string, string] {
  const at = setting.indexOf('=');
  return at === -1 ? [setting, ''] : [setting.slice(0, at), setting.slice(at + 1)];
}

/** `[{ label, value }]`, or a record. */
function pairs(value: unknown): Record<string, string> {
  const entries = Array.isArray(value)
    ? value.map(asRecord).map(({ label, value: given }) => [String(label), String(given)])
    : Object.entries(asRecord(value)).map(([label, given]) => [label, String(given)]);
  return Object.fromEntries(entries) as Record<string, string>;
}
