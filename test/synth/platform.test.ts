import { homedir, hostname } from 'node:os';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { ContainerImage } from '../../constructs/core/container-image.js';
import { modelsOf } from '../../constructs/models.js';
import type { Topology } from '../../constructs/core/topology.js';
import { SLOTS } from '../../constructs/core/address-plan.js';
import { prepareSecrets, readSecret } from '../../cli/deployment/secrets.js';
import { dev } from '../support/dev.js';
import { deploymentPaths } from '../../cli/context.js';
import { environments } from '../../environments/index.js';
import { linesThatDiffer } from '../support/lines.js';
import { synth, type Synthesized } from '../support/synth.js';
import { temporaryFolder } from '../support/temporary-folder.js';

let platform: Synthesized;
beforeAll(() => {
  platform = synth();
});

/** The number of containers by service: a new service of dev is to be written here, and below who may reach whom. */
const DEV = {
  api: 2,
  elasticsearch: 1,
  filebeat: 1,
  kibana: 1,
  logstash: 1,
  proxy: 1,
  redis: 3,
  'redis-sentinel': 3,
};

test('dev is one master and two replicas, three Sentinels, two API containers, one proxy and the log stack', () => {
  const { services } = platform.topology;
  expect(Object.fromEntries(services.map(({ name, instances }) => [name, instances.length]))).toEqual(DEV);
});

test('every instance is a container; every service with files has a seeder, and every endpoint a network, as has the edge', () => {
  const { services } = platform.topology;
  const names = (of: readonly { readonly name: string }[]) => of.map(({ name }) => name).sort();
  const instances = services.flatMap((service) => service.instances.map(({ container }) => container));
  expect(names(platform.containers)).toEqual(instances.sort());
  const seeded = services.filter(({ files }) => files.length > 0);
  expect(names(platform.seeders)).toEqual(seeded.map(({ name }) => `rp-dev-${name}-seeder`).sort());
  const networks = services.flatMap(({ endpoints }) => endpoints.map(({ name }) => `rp-dev-${name}`));
  expect(names(platform.networks)).toEqual([...networks, 'rp-dev-edge'].sort());
});

describe('hardening', () => {
  test('every container runs without root, capabilities, new privileges or a writable root', () => {
    for (const container of platform.containers) {
      expect(container).toMatchObject({
        user: '10001:10001',
        read_only: true,
        capabilities: { drop: ['ALL'] },
        security_opts: ['no-new-privileges:true'],
      });
      expect(container.capabilities).not.toHaveProperty('add');
      expect(container).not.toHaveProperty('privileged');
      expect(container).not.toHaveProperty('network_mode');
      for (const options of Object.values(container.tmpfs ?? {})) {
        expect(options.split(',')).toEqual(expect.arrayContaining(['noexec', 'nosuid', 'nodev', 'size=64m']));
      }
      expect(Object.keys(container.tmpfs ?? {})).toEqual(['/run', '/tmp']);
    }
  });

  test('every container is limited in memory, processors, processes and log size', () => {
    for (const container of platform.containers) {
      expect(container.memory).toBeGreaterThanOrEqual(16);
      expect(container.memory_swap).toBe(container.memory);
      // Without a decimal point the provider would replace the container on every plan.
      expect(container.cpus).toMatch(/^\d+\.\d+$/);
      expect(Number(container.cpus)).toBeGreaterThan(0);
      expect(container.ulimit).toEqual([{ name: 'nproc', soft: 4096, hard: 4096 }]);
      expect(container).toMatchObject({ log_driver: 'json-file', log_opts: { 'max-size': '10m', 'max-file': '3' } });
    }
  });

  test('every container has a health check without a shell, restarts, and gets its time to stop', () => {
    for (const container of platform.containers) {
      expect(container.healthcheck?.test[0]).toBe('CMD');
      expect(container.healthcheck?.test.length).toBeGreaterThan(1);
      expect(container.restart).toBe('unless-stopped');
      expect(container.stop_timeout).toBeGreaterThan(0);
      expect(container.destroy_grace_seconds).toBe(container.stop_timeout);
    }
  });

  test('nothing is mounted but data volumes and the read-only configuration: no folder of the host, no engine socket', () => {
    const mounts = platform.containers.flatMap(({ volumes = [] }) => volumes);
    // The configuration where there is one, and the instance's volumes, those of others that it reads among them.
    const counts = platform.topology.services.flatMap(({ files, instances }) =>
      instances.map(({ volumes }) => volumes.length + (files.length > 0 ? 1 : 0)),
    );
    expect(mounts).toHaveLength(counts.reduce((sum, count) => sum + count, 0));
    for (const mount of mounts) {
      const kinds = [
        ['from_container'],
        ['container_path', 'volume_name'],
        ['container_path', 'read_only', 'volume_name'],
      ];
      expect(kinds).toContainEqual(Object.keys(mount).sort());
      if (mount['from_container'])
        expect(mount['from_container']).toMatch(/^\$\{docker_container\.[\w-]+-seeder\.(id|name)\}:ro$/);
    }
    expect(platform.text).not.toContain('docker.sock');
  });

  test('a seeder never runs and takes part in no network', () => {
    for (const seeder of platform.seeders) {
      expect(seeder).toMatchObject({
        start: false,
        must_run: false,
        network_mode: 'none',
        restart: 'no',
        remove_volumes: true,
      });
      expect(seeder.networks_advanced ?? []).toEqual([]);
    }
  });

  test('the API, loosened in nothing, says so in topology.json', () => {
    expect(platform.topology.services.flatMap(({ loosened }) => loosened)).toEqual([]);
  });
});

describe('exposure', () => {
  test('only the proxy publishes ports, and only on 127.0.0.1', () => {
    const publishers = platform.containers.filter(({ ports = [] }) => ports.length > 0);
    expect(publishers.map(({ name }) => name)).toEqual(['rp-dev-proxy-0']);
    const ports = platform.container('proxy-0').ports ?? [];
    expect(ports.map(({ ip }) => ip)).toEqual(ports.map(() => '127.0.0.1'));
    const declared = platform.topology.published.map(({ hostPort }) => hostPort);
    expect(ports.map(({ external }) => external).sort()).toEqual(declared.sort());
  });

  test('another address is published on where the environment says so, and topology.json says why', () => {
    const publishOn = { address: '192.168.1.10', reason: 'the shop runs on other machines' };
    const open = synth({ network: { publishOn } });
    const opened = platform.topology.published.map(() => publishOn.address);
    expect(open.container('proxy-0').ports?.map(({ ip }) => ip)).toEqual(opened);
    expect(open.topology.publishOn).toEqual(publishOn);
    expect(open.topology.published.map(({ address }) => address)).toEqual(opened);
    expect(JSON.stringify(open.terraform.output)).toContain('redis://192.168.1.10:6379');
    const everywhere = synth({ network: { publishOn: { ...publishOn, address: '0.0.0.0' } } });
    expect(JSON.stringify(everywhere.terraform.output)).toContain('redis://127.0.0.1:6379');
  });

  test('the nodes are published one by one where the environment asks for it', () => {
    const { topology } = synth({ proxy: { ports: { nodes: 16390 } } });
    const nodes = topology.published.filter(({ name }) => name.startsWith('redis-node-'));
    expect(nodes.map(({ name, hostPort }) => `${name} ${hostPort}`)).toEqual([
      'redis-node-0 16390',
      'redis-node-1 16391',
      'redis-node-2 16392',
    ]);
  });

  test('every network but the edge is internal, and the edge does not masquerade', () => {
    for (const network of platform.networks) expect(network.internal).toBe(network.name !== 'rp-dev-edge');
    expect(platform.network('edge').options['com.docker.network.bridge.enable_ip_masquerade']).toBe('false');
    const onEdge = platform.containers.filter((container) => platform.networksOf(container).has('edge'));
    expect(onEdge.map(({ name }) => name)).toEqual(['rp-dev-proxy-0']);
  });

  test('an engine that can isolate gateways is asked to, on every internal network', () => {
    const { networks } = synth({}, { site: { engine: { isolatedGateways: true, startInterval: true } } });
    for (const { internal, options } of networks) {
      expect(options['com.docker.network.bridge.gateway_mode_ipv4']).toBe(internal ? 'isolated' : undefined);
    }
  });

  test('an instance may be on another engine than the rest', () => {
    const engine = { isolatedGateways: true, startInterval: true };
    const deployments = { dev_other: { baseCidr: '10.240.0.0/20', ports: {}, engine } };
    const isolated = (instance: string) =>
      synth({}, { instance, site: { deployments } }).networks.some(
        ({ options }) => options['com.docker.network.bridge.gateway_mode_ipv4'] === 'isolated',
      );
    expect([isolated('other'), isolated('usual')]).toEqual([true, false]);
  });

  test('the declared connections are the ones of the architecture diagram, and no others', () => {
    const declared = platform.topology.allowed.filter(({ because }) => because !== 'same service');
    expect(declared.map(({ from, to, port, because }) => `${from} -> ${to}:${port} ${because}`).sort()).toEqual([
      'api -> redis-sentinel:26379 declared',
      'api -> redis:6379 declared',
      'filebeat -> logstash:5044 declared',
      'kibana -> elasticsearch:9200 declared',
      'logstash -> elasticsearch:9200 declared',
      'proxy -> api-http:8080 declared',
      'proxy -> elasticsearch:9200 declared',
      'proxy -> kibana:5601 declared',
      'proxy -> redis-sentinel:26379 declared',
      'proxy -> redis:6379 declared',
      'redis -> redis-sentinel:26379 declared',
      'redis-sentinel -> redis:6379 declared',
    ]);
  });
});

describe('addresses', () => {
  test('owners have static addresses below the range that the engine hands out', () => {
    for (const { name, ipam_config } of platform.networks) {
      const [{ subnet, gateway, ip_range }] = ipam_config as [(typeof ipam_config)[number]];
      expect(subnet).toMatch(/^10\.213\.\d+\.(0|128)\/25$/);
      const owners = platform.containers.flatMap((container) => {
        const address = platform.networksOf(container).get(name.replace('rp-dev-', ''));
        return address === undefined ? [] : [address];
      });
      expect(owners.length).toBeGreaterThan(0);
      expect(new Set([...owners, gateway]).size).toBe(owners.length + 1);
      for (const address of owners) {
        expect(addressNumber(address)).toBeGreaterThan(addressNumber(gateway));
        expect(addressNumber(address)).toBeLessThan(addressNumber(ip_range));
      }
    }
  });

  test('a further replica, API container or route renumbers nobody else', () => {
    const larger = synth({
      redis: { replicas: 5, sentinels: 5 },
      api: { replicas: 4 },
      proxy: { ports: { nodes: 16390 } },
    });
    expect(larger.containers).toHaveLength(platform.containers.length + 3 + 2 + 2);
    for (const { name } of platform.networks) {
      const short = name.replace('rp-dev-', '');
      expect(larger.network(short)).toEqual(platform.network(short));
    }
    for (const container of platform.containers) {
      const short = container.name.replace('rp-dev-', '');
      expect(larger.networksOf(larger.container(short))).toEqual(platform.networksOf(container));
    }
  });
});

describe('data and secrets', () => {
  test('data volumes belong to the engine: Terraform has no resource that could delete them', () => {
    expect(Object.keys(platform.terraform.resource).sort()).toEqual(['docker_container', 'docker_network']);
    const all = platform.topology.services.flatMap(({ instances }) => instances.flatMap((one) => one.volumes));
    const [logs, data] = [/-logs$/, /-(data|spool)$/].map((ending) => all.filter(({ name }) => ending.test(name)));
    expect(all).toHaveLength((logs?.length ?? 0) + (data?.length ?? 0));
    expect(data?.map(({ name }) => name).sort()).toEqual([
      'rp-dev-elasticsearch-0-data',
      'rp-dev-filebeat-0-spool',
      'rp-dev-logstash-0-data',
      'rp-dev-redis-0-data',
      'rp-dev-redis-1-data',
      'rp-dev-redis-2-data',
      'rp-dev-redis-sentinel-0-data',
      'rp-dev-redis-sentinel-1-data',
      'rp-dev-redis-sentinel-2-data',
    ]);
  });

  test('data volumes have names, which the engine never removes with a container; the one with the secrets has none', () => {
    for (const container of platform.containers) {
      expect(container).toMatchObject({ remove_volumes: true });
      for (const volume of container.volumes ?? [])
        expect(volume['volume_name'] ?? volume['from_container']).toBeDefined();
    }
    for (const seeder of platform.seeders) expect(seeder.volumes).toEqual([{ container_path: '/config' }]);
  });

  test('secret files are uploaded by path and hash, readable for their owner alone; other files hold their text', () => {
    const uploads = platform.topology.services.flatMap(({ name, files }) =>
      files.map(({ path, secret, text }) => ({ secret, text, upload: platform.file(name, path), service: name })),
    );
    expect(uploads.filter(({ secret }) => secret).length).toBeGreaterThan(5);
    for (const { secret, text, upload, service } of uploads) {
      expect(upload).toMatchObject({ owner: '10001', group: '10001' });
      if (secret) {
        const source = `../../../.platform/dev/files/${service}${upload.file}`;
        expect(upload).toMatchObject({ source, source_hash: `\${filesha256("${source}")}`, permissions: '0400' });
        expect(upload).not.toHaveProperty('content');
      } else {
        expect(upload.permissions).toBe('0444');
        expect(upload.content).toBe(escape(text));
        expect(upload).not.toHaveProperty('source');
      }
    }
  });

  test('no value and no mark of a secret is in what Terraform and reviewers read', () => {
    const project = temporaryFolder('secrets');
    const paths = deploymentPaths(project, 'dev');
    const { topology } = synth({}, { project });
    prepareSecrets(topology, paths);
    const again = synth({}, { project });
    expect(topology.secrets.length).toBeGreaterThan(5);
    for (const name of topology.secrets) {
      const value = readSecret(paths, name);
      for (const text of [again.text, again.topologyText, again.manifestText]) expect(text).not.toContain(value);
    }
    expect(again.text).not.toMatch(/\{\{(secret|sha256):/);
  });

  test('environment and command name the files of secrets, never secrets', () => {
    const values = platform.containers.flatMap(({ env = [], command = [] }) => [...env, ...command]);
    const passwords = values.filter((text) => /password/i.test(text));
    expect(passwords.length).toBeGreaterThan(5);
    for (const text of passwords) expect(text).toMatch(/_PASSWORD_FILE=\/config\/secrets\/[a-z-]+$/);
  });
});

describe('the same everywhere', () => {
  test('two syntheses into different folders are byte-identical', () => {
    const [one, other] = [
      synth({}, { project: temporaryFolder('same') }),
      synth({}, { project: temporaryFolder('same') }),
    ];
    expect(one.text).toBe(other.text);
    expect(one.topologyText).toBe(other.topologyText);
    expect(one.manifestText).toBe(other.manifestText);
  });

  test('no path, name or user of this machine is in the output', () => {
    const project = temporaryFolder('same');
    const { text, topologyText, manifestText } = synth({}, { project });
    for (const output of [text, topologyText, manifestText]) {
      for (const machine of [project, process.cwd(), homedir()]) expect(output).not.toContain(machine);
      expect(output.split(/[^\w.-]+/)).not.toContain(hostname());
      expect(output).not.toMatch(/\/(home|Users|root|work|var(?!\/log\/app\b)|mnt)\/|[A-Za-z]:\\\\/);
    }
  });

  test('topology.json ignores the site', () => {
    const site = {
      owner: '12345678',
      engine: { isolatedGateways: true, startInterval: true },
      deployments: { dev: { baseCidr: '10.99.0.0/20', ports: { http: 9999, 'redis-master': 9998 } } },
    };
    const elsewhere = synth({}, { site });
    expect(elsewhere.topologyText).toBe(platform.topologyText);
    // It does decide over what is deployed.
    expect(elsewhere.network('redis').ipam_config[0]?.subnet).toBe('10.99.0.128/25');
    expect(elsewhere.container('proxy-0').ports).toContainEqual(
      expect.objectContaining({ external: 9999, internal: 8080, ip: '127.0.0.1' }),
    );
    expect(JSON.stringify(elsewhere.terraform.output)).toContain('redis://127.0.0.1:9998');
    expect(elsewhere.text).not.toContain('10.213.');
  });

  test('an instance differs from its environment in names only', () => {
    const site = { deployments: { dev_alice: { baseCidr: '10.99.0.0/20', ports: { http: 9999 } } } };
    const { topologyText } = synth({}, { instance: 'alice', site });
    expect(topologyText).not.toBe(platform.topologyText);
    expect(topologyText.replaceAll(/"(rp-)?dev_alice/g, '"$1dev')).toBe(platform.topologyText);
  });

  test('an instance shares no name, subnet or port with its environment', () => {
    const ports = Object.fromEntries(platform.topology.published.map(({ name }, index) => [name, 20_000 + index]));
    const site = { deployments: { dev_alice: { baseCidr: '10.99.0.0/20', ports } } };
    const instance = synth({}, { instance: 'alice', site });
    const identity = (one: Synthesized) => [
      ...[...one.containers, ...one.seeders, ...one.networks].map(({ name }) => name),
      ...one.networks.flatMap(({ ipam_config }) => ipam_config.map(({ subnet }) => subnet)),
      ...one.containers.flatMap(({ ports = [] }) => ports.map(({ external }) => String(external))),
      ...one.containers.flatMap(({ volumes = [] }) => volumes.flatMap((volume) => volume['volume_name'] ?? [])),
    ];
    const shared = new Set(identity(platform));
    expect(identity(instance)).toHaveLength(identity(platform).length);
    expect(identity(instance).filter((value) => shared.has(value))).toEqual([]);
  });

  test('logical ids are readable: the path in the tree, without hashes', () => {
    const { services } = platform.topology;
    const ids = services.flatMap(({ path, instances, files }) => {
      const id = path.split('/').slice(1).join('-');
      return [...instances.map((_, index) => `${id}-${index}`), ...(files.length > 0 ? [`${id}-seeder`] : [])];
    });
    expect(ids).toEqual(expect.arrayContaining(['api-service-0', 'logs-kibana-seeder', 'redis-node-2']));
    expect(Object.keys(platform.terraform.resource.docker_container).sort()).toEqual(ids.sort());
    const networks = platform.networks.map(({ name }) => name.replace('rp-dev-', 'network-'));
    expect(Object.keys(platform.terraform.resource.docker_network ?? {})).toEqual(networks);
  });

  test('the provider is pinned to the version that keeps stopped containers, and state lies beside the deployment', () => {
    expect(platform.terraform.terraform).toEqual({
      backend: { local: { path: '../../../.platform/dev/terraform.tfstate' } },
      required_providers: { docker: { source: 'kreuzwerker/docker', version: '4.6.0' } },
    });
  });
});

describe('what an environment decides', () => {
  test('Redis and Sentinel settings reach their files and the reviewers', () => {
    const { topology } = synth({
      redis: {
        maxMemory: '1GiB',
        evictionPolicy: 'volatile-ttl',
        savePoints: [],
        appendOnly: { fsync: 'always', rewritePercentage: 50, rewriteMinSize: '1MiB' },
        replicas: 4,
        sentinels: 5,
        downAfter: '3s',
        failoverTimeout: '20s',
        masterName: 'main',
        minReplicasToWrite: 2,
      },
    });
    const redis = textOf(topology, 'redis', '/config/redis.conf');
    for (const line of [
      'maxmemory 1073741824',
      'maxmemory-policy volatile-ttl',
      'save ""',
      'appendonly yes',
      'appendfsync always',
      'auto-aof-rewrite-percentage 50',
      'auto-aof-rewrite-min-size 1048576',
      'min-replicas-to-write 2',
    ]) {
      expect(redis).toContain(`${line}\n`);
    }
    const sentinel = textOf(topology, 'redis-sentinel', '/config/sentinel.conf');
    expect(sentinel).toContain('sentinel monitor main 10.213.0.130 6379 3\n');
    expect(sentinel).toContain('sentinel down-after-milliseconds main 3000\n');
    expect(sentinel).toContain('sentinel failover-timeout main 20000\n');
    expect(modelsOf(topology, 'redis')).toMatchObject([
      {
        masterName: 'main',
        downAfterMs: 3000,
        nodes: { count: 5, maxMemoryBytes: 1024 ** 3, evictionPolicy: 'volatile-ttl', minReplicasToWrite: 2 },
        sentinels: { count: 5, quorum: 3, failoverTimeoutMs: 20_000 },
      },
    ]);
  });

  test('a master without replicas takes writes alone, and the proxy does not ask for one', () => {
    const { topology } = synth({ redis: { replicas: 0, sentinels: 1 } });
    expect(textOf(topology, 'redis', '/config/redis.conf')).toContain('min-replicas-to-write 0\n');
    expect(textOf(topology, 'proxy', '/config/haproxy.cfg')).not.toContain('min_slaves_good_slaves');
  });

  test('any image can be the API, with its own port, settings and limits', () => {
    const image = ContainerImage.fromRegistry('ghcr.io/acme/shop:1.4.2');
    const own = synth({
      api: { image, port: 9000, replicas: 1, environment: { CURRENCY: 'EUR' }, limits: { memory: '1GiB', cpus: 2.5 } },
    });
    const container = own.container('api-0');
    expect(container).toMatchObject({ image: 'ghcr.io/acme/shop:1.4.2', memory: 1024, cpus: '2.5' });
    expect(container.env).toEqual(
      expect.arrayContaining(['CURRENCY=EUR', 'LISTEN_ADDRESS=10.213.1.130:9000,127.0.0.1:9000']),
    );
    // Its program is not known; the proxy checks /health in any case, and topology.json says why.
    expect(container.healthcheck?.test).toEqual(['NONE']);
    expect(own.topology.services.find(({ name }) => name === 'api')?.healthCheck.reason).toContain('/health');
    expect(textOf(own.topology, 'proxy', '/config/haproxy.cfg')).toContain('server api-0 10.213.1.130:9000 ');
  });

  test('settings with ${ and %{ reach the container as they are written', () => {
    const { env } = synth({ api: { environment: { TEMPLATE: '${name} %{ if x }' } } }).container('api-0');
    expect(env).toContain('TEMPLATE=$${name} %%{ if x }');
  });

  test('the proxy listens inside the container on the declared ports only, whatever they are', () => {
    const { topology } = synth({ proxy: { ports: { http: 8404, stats: 8080 } } });
    const binds = [...textOf(topology, 'proxy', '/config/haproxy.cfg').matchAll(/^ *bind (\S+)$/gm)].map(
      (match) => match[1],
    );
    expect(new Set(binds).size).toBe(binds.length);
    const published = topology.published.map(({ containerPort }) => `10.213.0.2:${containerPort}`);
    expect(binds.filter((bind) => !bind?.startsWith('127.')).sort()).toEqual(published.sort());
  });

  test('the base CIDR has room for every slot', () => {
    expect(dev.network.baseCidr).toMatch(/\/20$/);
    expect(platform.topology.networks.every(({ slot }) => slot >= 0 && slot < SLOTS)).toBe(true);
  });
});

/** Of the whole platform, file by file. Hashes of images change with every edit of an image, so they are masked. */
test.each(['test', 'ci', 'prod'])('%s is what was reviewed: dev, but for these lines', (name) => {
  const environment = environments[name];
  const other = synth({}, { ...(environment && { environment }) });
  // Without a log stack there is nothing to say about each of its files.
  const flavour = environment?.logs?.flavour ?? 'auto';
  const base = flavour === 'auto' ? platform : synth({ logs: { flavour } });
  const differences = linesThatDiffer(base.topology, other.topology);
  expect(`logs.flavour = ${flavour}\n${masked(differences)}`).toMatchSnapshot();
});

test('dev is what was reviewed', () => {
  const { services, ...rest } = platform.topology;
  const described = services.map(({ files, image, ...service }) => ({
    ...service,
    image: { ...image, reference: masked(image.reference) },
    files: files.map(({ path, secret }) => (secret ? `${path} (secret)` : path)),
  }));
  expect(`${JSON.stringify({ ...rest, services: described }, null, 2)}\n`).toMatchSnapshot('topology');
  for (const { name, files } of services) {
    for (const { path, text } of files) expect(text).toMatchSnapshot(`${name}${path}`);
  }
});

function masked(text: string): string {
  return text.replaceAll(/(?<=redis-platform\.invalid\/[a-z-]+):[0-9a-f]{12}\b/g, ':<content hash>');
}

function textOf(topology: Topology, service: string, path: string): string {
  const found = topology.services.find(({ name }) => name === service)?.files.find((file) => file.path === path);
  if (!found) throw new Error(`${service} has no ${path}`);
  return found.text;
}

/** So that Terraform reads the text itself again. */
function escape(text: string): string {
  return text.replaceAll(/[$%](?=\{)/g, (mark) => mark + mark);
}

function addressNumber(address: string): number {
  return (address.split('/')[0] ?? '').split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
