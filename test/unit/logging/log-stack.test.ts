import { describe, expect, test } from '@jest/globals';
import { ContainerImage } from '../../../constructs/core/container-image.js';
import { HealthCheck } from '../../../constructs/core/health-check.js';
import type { PlatformBase } from '../../../constructs/platform-base.js';
import { PlatformError } from '../../../constructs/core/platform-error.js';
import { secretsIn } from '../../../constructs/core/secret.js';
import { Service } from '../../../constructs/core/service.js';
import { Size } from '../../../constructs/core/units.js';
import { LogStack } from '../../../constructs/logging/log-stack.js';
import type { LogFlavour, LogStackProps } from '../../../constructs/logging/model.js';
import { synthServices } from '../../support/synth.js';

function shop(stack: PlatformBase, name = 'shop', replicas = 2): Service {
  const image = ContainerImage.fromRegistry('example.org/app:1');
  return new Service(stack, name, { name, image, replicas, healthCheck: HealthCheck.command(['check']) });
}

function synthLogs(props: LogStackProps): ReturnType<typeof synthServices> {
  return synthServices((stack) => {
    shop(stack);
    new LogStack(stack, 'logs', props).collect(...stack.services);
  });
}

function problemsOf(props: LogStackProps): string {
  try {
    synthLogs(props);
    return '';
  } catch (error) {
    if (error instanceof PlatformError) return error.message;
    throw error;
  }
}

const SHIPPERS = { elastic: 'filebeat', debian: 'rsyslog' } as const;

describe.each(['elastic', 'debian'] as const)('the flavour %s', (flavour: LogFlavour) => {
  const synthesized = synthLogs({ flavour });
  const { topology } = synthesized;
  const shipper = SHIPPERS[flavour];

  test('has its services, none of which the platform waits for', () => {
    const added = topology.services.filter(({ name }) => name !== 'shop');
    const expected =
      flavour === 'elastic' ? ['elasticsearch', 'filebeat', 'kibana', 'logstash'] : ['elasticsearch', 'rsyslog'];
    expect(added.map(({ name }) => name).sort()).toEqual(expected);
    expect(added.map(({ supporting }) => supporting)).toEqual(expected.map(() => true));
    for (const { healthCheck, loosened } of added) {
      expect(healthCheck.command).not.toBeNull();
      expect(loosened).toEqual([]);
    }
  });

  test('each instance writes to a log volume of its own, which only the shipper reads besides', () => {
    const mounts = topology.services.flatMap(({ instances }) =>
      instances.flatMap(({ name, volumes }) =>
        volumes.filter((volume) => volume.name.endsWith('-logs')).map((volume) => ({ ...volume, in: name })),
      ),
    );
    const instances = topology.services.flatMap((service) => service.instances.map(({ name }) => name));
    for (const instance of instances) {
      const volume = `rp-own-${instance}-logs`;
      expect(mounts.filter(({ name }) => name === volume)).toEqual(
        expect.arrayContaining([
          { name: volume, path: '/var/log/app', readOnly: false, in: instance },
          { name: volume, path: `/logs/${instance}`, readOnly: true, in: `${shipper}-0` },
        ]),
      );
    }
    expect(mounts).toHaveLength(2 * instances.length);
  });

  test('the rules are exact', () => {
    const declared = topology.allowed
      .filter(({ because }) => because !== 'same service')
      .map(({ from, to, port }) => `${from} > ${to}:${port}`);
    expect(declared.sort()).toEqual(
      flavour === 'elastic'
        ? ['filebeat > logstash:5044', 'kibana > elasticsearch:9200', 'logstash > elasticsearch:9200']
        : ['rsyslog > elasticsearch:9200'],
    );
    expect(topology.published).toEqual([]);
  });

  test('passwords are in files of their own, which their owners alone have', () => {
    const secrets = topology.services.flatMap(({ name, files }) =>
      files.flatMap(({ text }) => secretsIn(text).map((secret) => `${name} ${secret}`)),
    );
    const store = ['keeper', 'shipper', 'reader'].map((user) => `elasticsearch logs-${user}`);
    const own =
      flavour === 'elastic'
        ? [
            'elasticsearch logs-importer',
            'elasticsearch logs-kibana-server',
            'kibana logs-importer',
            'kibana logs-kibana-server',
            'kibana logs-kibana-objects',
            'kibana logs-kibana-reports',
            'kibana logs-kibana-sessions',
            'logstash logs-shipper',
          ]
        : ['rsyslog logs-shipper'];
    expect(secrets.sort()).toEqual([...store, ...own].sort());
  });

  test('what a container is told matches what it is given: files that its settings name exist', () => {
    for (const { name, files, instances } of topology.services) {
      const named = instances.flatMap(({ environment }) =>
        Object.values(environment).filter((value) => value.startsWith('/config/')),
      );
      for (const path of named)
        expect({ name, paths: files.map((file) => file.path) }).toEqual({
          name,
          paths: expect.arrayContaining([path]),
        });
    }
  });

  test('memory is limited', () => {
    const limits = Object.fromEntries(
      topology.services.filter(({ name }) => name !== 'shop').map((service) => [service.name, service.limits.memory]),
    );
    expect(limits).toEqual(
      flavour === 'elastic'
        ? { elasticsearch: '1280MiB', filebeat: '256MiB', kibana: '1GiB', logstash: '1GiB' }
        : { elasticsearch: '1280MiB', rsyslog: '128MiB' },
    );
  });
});

test('both flavours store under the same template, and read the same retention', () => {
  const [elastic, debian] = (['elastic', 'debian'] as const).map((flavour) => {
    const { topology } = synthLogs({ flavour });
    const file = topology.services
      .find(({ name }) => name === 'elasticsearch')
      ?.files.find(({ path }) => path === '/config/es-node.json');
    const { requests, retention } = JSON.parse(file?.text ?? '') as {
      requests: { path: string; body: object }[];
      retention: object;
    };
    const template = JSON.stringify(requests.at(-1))
      .replace('"index.lifecycle.name":"platform-logs"', '')
      .replace(',}', '}');
    return { template, retention };
  });
  expect(elastic).toEqual(debian);
});

test('the flavours keep their data apart: one distribution cannot read what the other wrote', () => {
  const volumes = (['elastic', 'debian'] as const).map(
    (flavour) =>
      synthLogs({ flavour })
        .topology.services.find(({ name }) => name === 'elasticsearch')
        ?.instances[0]?.volumes.find(({ path }) => path === '/data')?.name,
  );
  expect(volumes).toEqual(['rp-own-elasticsearch-0-data', 'rp-own-elasticsearch-0-debian-data']);
});

describe('validation', () => {
  test('a service that was declared after `collect` is named', () => {
    const declare = () =>
      synthServices((stack) => {
        new LogStack(stack, 'logs', { flavour: 'debian' }).collect(...stack.services);
        shop(stack, 'late');
      });
    expect(declare).toThrow(/the logs of late are not collected/);
  });

  test('collecting twice mounts once', () => {
    const { topology } = synthServices((stack) => {
      const logs = new LogStack(stack, 'logs', { flavour: 'debian' });
      logs.collect(...stack.services);
      logs.collect(...stack.services);
    });
    const volumes = topology.services.find(({ name }) => name === 'rsyslog')?.instances[0]?.volumes ?? [];
    expect(new Set(volumes.map(({ path }) => path)).size).toBe(volumes.length);
  });

  test('a heap that leaves too little beside it is refused, with the least that works', () => {
    const heap = Size.mebibytes(1024);
    expect(problemsOf({ flavour: 'debian', heap, memory: Size.mebibytes(1471) })).toMatch(
      /logs\.memory.*1471MiB[^]*1472MiB/,
    );
    expect(problemsOf({ flavour: 'debian', heap, memory: Size.mebibytes(1472) })).toBe('');
  });

  test.each(['Shop', '-logs', '_logs', '.logs', 'a/b', 'a b', 'a*', 'a,b', 'a#b', 'a:b', '', 'a'.repeat(101)])(
    'an index that Elasticsearch would refuse is refused: %s',
    (index) => {
      expect(problemsOf({ flavour: 'debian', index })).toContain('logs.index cannot be used');
    },
  );

  test('all problems are named at once', () => {
    const text = problemsOf({
      flavour: 'elastic',
      heap: Size.mebibytes(512),
      memory: Size.mebibytes(512),
      index: 'Shop',
    });
    expect(text).toContain('logs.memory');
    expect(text).toContain('logs.index');
  });
});
