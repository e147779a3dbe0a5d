import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { composeExport } from '../../cli/export/compose.js';
import type { Topology } from '../../constructs/core/topology.js';
import { fillIn } from '../../constructs/core/secret.js';
import { composeProblems } from '../../constructs/runtime/compose/files.js';
import { renderCompose } from '../../constructs/runtime/compose/render.js';
import type { Workload, WorkloadService } from '../../constructs/runtime/workload.js';
import { ci } from '../../environments/ci.js';
import { type EnvironmentInput, parseEnvironment } from '../../environments/schema.js';
import { type Site, UNPREPARED_SITE } from '../../environments/site.js';
import { declare } from '../support/declare.js';
import { dev } from '../support/dev.js';
import { DAY } from '../support/synth.js';

/** What of a Compose file the tests look at. */
interface Compose {
  readonly name: string;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, ComposeNetwork>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}
interface ComposeNetwork {
  readonly internal: boolean;
  readonly ipam: { readonly config: readonly { readonly subnet: string; readonly ip_range: string }[] };
  readonly driver_opts?: Readonly<Record<string, string>>;
}
interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly ComposeMount[];
  readonly networks?: Readonly<Record<string, { readonly ipv4_address?: string }>>;
  readonly network_mode?: string;
  readonly ports?: readonly Readonly<Record<string, unknown>>[];
  readonly secrets?: readonly string[];
  readonly healthcheck?: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}
interface ComposeMount {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly read_only?: boolean;
}

class Exported {
  readonly topology: Topology;
  readonly workload: Workload;
  readonly program: Readonly<Record<string, unknown>>;
  readonly texts: ReadonlyMap<string, string>;
  readonly secretPaths: readonly string[];

  constructor(environment: EnvironmentInput, { site, instance }: { site?: Partial<Site>; instance?: string } = {}) {
    const all = declare({
      environment: parseEnvironment(environment),
      instance,
      site: { ...UNPREPARED_SITE, ...site },
      day: DAY,
    });
    ({ topology: this.topology, workload: this.workload, program: this.program } = all);
    const files = composeExport(this.workload, 'out/platform.yaml', fill);
    this.texts = new Map(files.map(({ path, text }) => [path, text]));
    this.secretPaths = files.filter(({ secret }) => secret).map(({ path }) => path);
  }

  get text(): string {
    return this.texts.get('platform.yaml') ?? '';
  }
  get compose(): Compose {
    return parse(this.text) as Compose;
  }
}

/** A value that is told apart from every other text. */
const valueOf = (name: string) => `VALUE-of-${name}`;
const hashOf = (name: string) => `HASH-of-${name}`;
const fill = (text: string) => fillIn(text, (form, name) => (form === 'sha256' ? hashOf(name) : valueOf(name)));

describe.each<[string, EnvironmentInput]>([
  ['dev', dev],
  ['ci, the smallest', ci],
])('the Compose file of %s', (_, environment) => {
  let exported: Exported;
  let compose: Compose;
  beforeAll(() => {
    exported = new Exported(environment);
    compose = exported.compose;
  });

  test('has each container as a service, and a seeder where there are files, and nothing else', () => {
    const { services } = exported.topology;
    const names = services.flatMap(({ name, files, instances }) => [
      ...instances.map((instance) => instance.name),
      ...(files.length > 0 ? [`${name}-seeder`] : []),
    ]);
    expect(Object.keys(compose.services).sort()).toEqual(names.sort());
    expect(compose.name).toBe(`rp-${exported.topology.deployment}`);
  });

  test('has each network with its addresses, and each container in its networks with its address', () => {
    const { networks, services } = exported.topology;
    expect(
      Object.entries(compose.networks).map(([name, { internal, ipam }]) => [name, internal, ipam.config[0]?.subnet]),
    ).toEqual(expect.arrayContaining(networks.map(({ name, internal, subnet }) => [name, internal, subnet])));
    expect(Object.keys(compose.networks)).toHaveLength(networks.length);
    for (const instance of services.flatMap(({ instances }) => instances)) {
      const joined = Object.entries(compose.services[instance.name]?.networks ?? {});
      const addresses = joined.map(([name, { ipv4_address = null }]) => [name, ipv4_address]);
      expect([instance.name, Object.fromEntries(addresses)]).toEqual([instance.name, instance.networks]);
    }
  });

  test('has each volume where the container has it', () => {
    const prefix = `rp-${exported.topology.deployment}-`;
    for (const { name, files, instances } of exported.topology.services) {
      const config = { type: 'volume', source: `${name}-config`, target: '/config', read_only: true };
      for (const instance of instances) {
        const data = instance.volumes.map((volume) => ({
          type: 'volume',
          source: volume.name.slice(prefix.length),
          target: volume.path,
          ...(volume.readOnly && { read_only: true }),
        }));
        const mounts = compose.services[instance.name]?.volumes ?? [];
        expect(mounts).toEqual([...(files.length > 0 ? [config] : []), ...data]);
        for (const { source } of mounts) expect(compose.volumes).toHaveProperty([source]);
      }
    }
  });

  test('gives each container the image, command, settings, limits and checks that it has elsewhere', () => {
    for (const { image, command, instances, limits, healthCheck } of exported.topology.services) {
      for (const instance of instances) {
        const service = compose.services[instance.name];
        expect(service).toMatchObject({
          image: image.reference,
          pull_policy: image.kind === 'directory' ? 'never' : 'missing',
          hostname: instance.name,
          restart: 'unless-stopped',
          cpus: limits.cpus,
          pids_limit: limits.processes,
          healthcheck: { test: ['CMD', ...(healthCheck.command ?? [])] },
        });
        expect(service?.command ?? null).toEqual(command);
        expect(service?.environment ?? {}).toEqual(instance.environment);
      }
    }
  });

  test('says of each container what Terraform is told', () => {
    const { docker_container: containers } = exported.program['resource'] as {
      docker_container: Record<string, Record<string, unknown>>;
    };
    for (const declared of Object.values(containers)) {
      const name = String(declared['name']).replace(/^rp-[^-]+-/, '');
      const service: Readonly<Record<string, unknown>> = compose.services[name] ?? {};
      if (name.endsWith('-seeder')) continue;
      expect([name, service['user'], service['read_only'], service['security_opt'], service['cap_drop']]).toEqual([
        name,
        declared['user'],
        declared['read_only'],
        declared['security_opts'],
        (declared['capabilities'] as { drop: unknown }).drop,
      ]);
      const scratch = Object.entries(declared['tmpfs'] as object).map((entry) => entry.join(':'));
      expect((service['tmpfs'] as string[]).toSorted()).toEqual(scratch.sort());
      expect([service['mem_limit'], service['memswap_limit']]).toEqual([
        `${declared['memory'] as number}m`,
        `${declared['memory_swap'] as number}m`,
      ]);
      expect(service['cpu_shares']).toEqual(declared['cpu_shares']);
      expect(service['logging']).toEqual({ driver: declared['log_driver'], options: declared['log_opts'] });
      expect(seconds(service['stop_grace_period'])).toBe(declared['stop_timeout']);
      const { test: command, retries, ...times } = declared['healthcheck'] as Record<string, unknown>;
      expect(service['healthcheck']).toEqual({ test: command, retries, ...times });
      expect((declared['ulimit'] as { hard: number }[])[0]?.hard).toBe((service['ulimits'] as { nproc: number }).nproc);
    }
  });

  test('keeps no container, seeders among them, from being hardened', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      const seeder = name.endsWith('-seeder');
      expect([name, service]).toEqual([
        name,
        expect.objectContaining({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] }),
      ]);
      expect(service).not.toHaveProperty('privileged');
      expect(service['cap_add']).toEqual(seeder ? ['CHOWN', 'DAC_OVERRIDE', 'FOWNER'] : undefined);
      expect(service.network_mode).toBe(seeder ? 'none' : undefined);
      expect(service['user']).toBe(seeder ? '0:0' : '10001:10001');
    }
  });

  test('publishes on 127.0.0.1 what is declared to be, and nothing else', () => {
    const published = Object.values(compose.services).flatMap(({ ports = [] }) => ports);
    expect(published).toEqual(
      exported.topology.published.map(({ hostPort, containerPort }) => ({
        host_ip: '127.0.0.1',
        published: String(hostPort),
        target: containerPort,
        protocol: 'tcp',
      })),
    );
    expect(published.length).toBeGreaterThan(0);
  });

  test('brings each file to its place, with its owner and mode, before a container needs it', () => {
    for (const { name, files, instances, user } of exported.topology.services) {
      if (files.length === 0) continue;
      const seeder = compose.services[`${name}-seeder`];
      const script = seeder?.command?.[2] ?? '';
      const [bind] = (seeder?.volumes ?? []).filter(({ type }) => type === 'bind');
      for (const { path, secret, text } of files) {
        const line = new RegExp(
          `^install -D -o ${user} -g ${user} -m ${secret ? '0400' : '0444'} (\\S+) ${path.replaceAll('.', '\\.')}$`,
          'm',
        );
        const from = line.exec(script)?.[1] ?? '';
        const mounted = secret
          ? compose.secrets[seeder?.secrets?.find((one) => `/run/secrets/${one}` === from) ?? '']?.file
          : from.replace(/^\/files/, bind?.source ?? 'nowhere');
        expect([path, exported.texts.get(mounted?.replace(/^\.\//, '') ?? '')]).toEqual([path, fill(text)]);
      }
      for (const instance of instances) {
        expect(compose.services[instance.name]?.['depends_on']).toEqual({
          [`${name}-seeder`]: { condition: 'service_completed_successfully' },
        });
      }
    }
  });

  test('holds no secret, nor does a file that is not a secret one', () => {
    const open = [...exported.texts].filter(([path]) => !exported.secretPaths.includes(path));
    const leaking = open.filter(([, text]) =>
      exported.topology.secrets.some((name) => text.includes(valueOf(name)) || text.includes(hashOf(name))),
    );
    expect(leaking.map(([path]) => path)).toEqual([]);
    const kept = exported.secretPaths.map((path) => exported.texts.get(path) ?? '').join('\n');
    for (const name of exported.topology.secrets) expect(kept).toContain(`-of-${name}`);
    expect(exported.text).not.toMatch(/\{\{(secret|sha256):/);
  });

  test('says nothing of this machine, and paths as every system reads them', () => {
    const paths = [
      ...Object.values(compose.secrets).map(({ file }) => file),
      ...Object.values(compose.services).flatMap(({ volumes = [] }) =>
        volumes.filter(({ type }) => type === 'bind').map(({ source }) => source),
      ),
    ];
    for (const path of paths) expect(path).toMatch(/^\.\/platform\.yaml\.files\/[\w./-]+$/);
    expect([...exported.texts.values()].filter((text) => text.includes('\r'))).toEqual([]);
    expect(exported.text).not.toContain(process.cwd());
  });
});

test('an instance has its own addresses and ports', () => {
  const deployments = { ci_alice: { baseCidr: '10.214.16.0/20', ports: { http: 23456 } } };
  const { compose } = new Exported(ci, { instance: 'alice', site: { deployments } });
  expect(compose.name).toBe('rp-ci_alice');
  expect(compose.services['redis-0']?.networks?.['redis']).toEqual({ ipv4_address: '10.214.16.130' });
  expect(compose.services['proxy-0']?.ports).toContainEqual(
    expect.objectContaining({ published: '23456', target: 17080 }),
  );
});

test('what an engine can do more is used', () => {
  const engine = { isolatedGateways: true, startInterval: true };
  const { compose } = new Exported(ci, { site: { engine } });
  expect(compose.networks['redis']?.driver_opts).toEqual({
    'com.docker.network.bridge.gateway_mode_ipv4': 'isolated',
  });
  expect(compose.networks['edge']?.driver_opts).toEqual({ 'com.docker.network.bridge.enable_ip_masquerade': 'false' });
  expect(compose.services['redis-0']?.healthcheck).toMatchObject({ interval: '10s', start_interval: '1s' });
});

test('a changed file or password is another label, so other containers of that service alone', () => {
  const { workload } = new Exported(ci);
  const labelsWith = (replace: (text: string) => string) => {
    const files = composeExport(workload, 'platform.yaml', (text) => replace(fill(text)));
    const { services } = parse(files[0]?.text ?? '') as Compose;
    return Object.fromEntries(
      Object.entries(services).map(([name, { labels }]) => [name, labels['redis-platform.files']]),
    );
  };
  const before = labelsWith((text) => text);
  const after = labelsWith((text) => text.replaceAll(hashOf('redis-probe'), 'another').replace('maxconn', 'maxconn '));
  const changed = Object.keys(before).filter((name) => before[name] !== after[name]);
  expect(changed).toContain('proxy-0');
  expect(changed).not.toContain('api-0');
  expect(labelsWith((text) => text)).toEqual(before);
});

/** One service, of which only what the test looks at is not as it usually is. */
function workloadOf(change: Partial<WorkloadService>): Workload {
  const { workload } = smallest;
  const [first] = workload.services;
  if (!first) throw new Error('ci has services');
  return { ...workload, services: [{ ...first, ...change }] };
}
let smallest: Exported;
beforeAll(() => {
  smallest = new Exported(ci);
});

test('any text is read back as it was, though Compose takes $ for a variable and YAML words for numbers', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.string({ unit: 'grapheme' }),
          fc.constantFrom('no', '0:0', '1e3', '${X}', '$$', '08', '~', ' a', 'a: b', '#', "'", '|'),
        ),
      ),
      (command) => {
        const text = renderCompose(workloadOf({ command }), { folder: './x', fingerprints: {} }, []);
        const read = (parse(text) as Compose).services['api-0']?.command ?? [];
        expect(read.map((one) => one.replaceAll('$$', '$'))).toEqual(command);
        expect(read.join('').replaceAll('$$', '')).not.toContain('$');
        // As readers of YAML 1.1 do.
        expect((parse(text, { version: '1.1' }) as Compose).services['api-0']?.command ?? []).toEqual(read);
      },
    ),
  );
});

test('a service without files needs no seeder, one without rules no network, one without a check none', () => {
  const [container] = smallest.workload.services[0]?.containers ?? [];
  if (!container) throw new Error('the API has a container');
  const workload = workloadOf({
    files: [],
    healthCheck: null,
    ports: [],
    containers: [{ ...container, networks: [] }],
  });
  const { services } = parse(renderCompose(workload, { folder: './x', fingerprints: {} }, [])) as Compose;
  expect(Object.keys(services)).toEqual(['api-0']);
  expect(services['api-0']).toMatchObject({ network_mode: 'none', healthcheck: { disable: true } });
  expect(services['api-0']).not.toHaveProperty('networks');
  expect(services['api-0']).not.toHaveProperty('depends_on');
});

test('files that cannot stand beside a Compose file everywhere are all named', () => {
  const file = (path: string, secret = false) => ({ path: `/config/${path}`, text: '', secret, mode: '0444' });
  const problems = (...files: ReturnType<typeof file>[]) =>
    composeProblems(workloadOf({ files })).map(({ what, got }) => got ?? what);
  expect(problems(file('a.conf'), file('a/b.conf'), file('A/c+d@e-1_.conf'))).toEqual([]);
  expect(
    problems(file('a b'), file('nul'), file('con.txt'), file('x/.hidden'), file('dot.'), file('a:b'), file("it's")),
  ).toEqual(['a b', 'nul', 'con.txt', 'x/.hidden', 'dot.', 'a:b', "it's"]);
  expect(problems(file('app.conf'), file('App.conf'))).toEqual([
    'api: file /config/App.conf would take the place of /config/app.conf, as Windows does not tell upper case from lower',
  ]);
  expect(problems(file('a/b', true), file('a-b', true))).toEqual(['api-a-b']);
});

function seconds(duration: unknown): number {
  const [, minutes = '0', rest = '0'] = /^(?:(\d+)m)?(\d+)s$/.exec(String(duration)) ?? [];
  return Number(minutes) * 60 + Number(rest);
}
