import { describe, expect } from '@jest/globals';
import { Duration } from '../../constructs/core/units.js';
import { eventually } from '../support/eventually.js';
import { it, usePlatform } from '../support/live.js';

const platform = usePlatform();

describe('writes', () => {
  it('on the master arrive at each replica', async () => {
    const master = platform().atMaster();
    const replicas = platform().nodes.length - 1;
    await master.set('replication:a', 'everywhere', 'EX', 60);
    expect(await master.wait(replicas, 2000)).toBe(replicas);
    for (const node of platform().nodes) {
      const client = platform().atNode(node, platform().login('app'));
      expect(await client.get('replication:a')).toBe('everywhere');
      platform().disconnect(client);
    }
  });

  it('are refused by every node but the master', async () => {
    const master = await platform().master();
    for (const node of platform().nodes.filter((name) => name !== master)) {
      const client = platform().atNode(node, platform().login('app'));
      await expect(client.set('replication:b', '1')).rejects.toThrow(/READONLY/);
      platform().disconnect(client);
    }
  });

  it('through a Sentinel client are seen through the master port, and the other way round', async () => {
    const [direct, aware] = [platform().atMaster(), platform().bySentinel()];
    await aware.set('replication:c', 'aware', 'EX', 60);
    expect(await direct.get('replication:c')).toBe('aware');
    await direct.set('replication:c', 'direct', 'EX', 60);
    expect(await aware.get('replication:c')).toBe('direct');
  });
});

describe('the port of the replicas', () => {
  it('leads to replicas only, and to each of them', async () => {
    const master = await platform().master();
    const ids = await Promise.all(platform().nodes.map(async (node) => [node, await runId(node)] as const));
    const expected = ids.filter(([node]) => node !== master).map(([, id]) => id);
    const clients = Array.from({ length: 2 * expected.length }, () => platform().atReplicas(platform().login('admin')));
    const reached = await Promise.all(clients.map(async (client) => idIn(await client.info('server'))));
    for (const client of clients) platform().disconnect(client);
    expect([...new Set(reached)].sort()).toEqual(expected.sort());
  });

  it('answers reads and refuses writes', async () => {
    const client = platform().atReplicas();
    await platform().atMaster().set('replication:d', 'read me', 'EX', 60);
    await eventually(
      async () => {
        expect(await client.get('replication:d')).toBe('read me');
      },
      { within: Duration.seconds(2) },
    );
    await expect(client.set('replication:d', '1')).rejects.toThrow(/READONLY/);
  });

  async function runId(node: string): Promise<string> {
    const client = platform().atNode(node);
    const info = await client.info('server');
    platform().disconnect(client);
    return idIn(info);
  }
  function idIn(info: string): string {
    return /^run_id:(\w+)/m.exec(info)?.[1] ?? '';
  }
});

describe('the live settings', () => {
  it('of every node are the declared ones', async () => {
    const { nodes } = platform().redis.model;
    const expected = {
      save: nodes.savePoints.map(({ seconds, changes }) => `${seconds} ${changes}`).join(' '),
      appendonly: 'yes',
      appendfsync: nodes.appendOnly?.fsync,
      'auto-aof-rewrite-percentage': String(nodes.appendOnly?.rewritePercentage),
      'auto-aof-rewrite-min-size': String(nodes.appendOnly?.rewriteMinSizeBytes),
      maxmemory: String(nodes.maxMemoryBytes),
      'maxmemory-policy': nodes.evictionPolicy,
      'min-replicas-to-write': String(nodes.minReplicasToWrite),
      'min-replicas-max-lag': '3',
      'protected-mode': 'no',
    };
    for (const node of platform().nodes) {
      const client = platform().atNode(node);
      expect({ node, ...(await configOf(client, Object.keys(expected))) }).toEqual({ node, ...expected });
      platform().disconnect(client);
    }
  });

  it('of every Sentinel are the declared ones', async () => {
    const { masterName, downAfterMs, sentinels } = platform().redis.model;
    for (const sentinel of platform().sentinels) {
      const client = platform().atSentinel(sentinel);
      const master = pairs((await client.call('SENTINEL', 'MASTER', masterName)) as string[]);
      platform().disconnect(client);
      expect([sentinel, master['quorum'], master['down-after-milliseconds'], master['failover-timeout']]).toEqual([
        sentinel,
        String(sentinels.quorum),
        String(downAfterMs),
        String(sentinels.failoverTimeoutMs),
      ]);
    }
  });

  it('cannot include active defragmentation, as the image catalogue says', async () => {
    const client = platform().atNode(platform().nodes[0] ?? '');
    await expect(client.config('SET', 'activedefrag', 'yes')).rejects.toThrow(
      /Active defragmentation cannot be enabled/,
    );
  });

  async function configOf(client: ReturnType<ReturnType<typeof platform>['atNode']>, names: readonly string[]) {
    const answers = await Promise.all(names.map((name) => client.config('GET', name)));
    return pairs(answers.flat().map(String));
  }
  function pairs(flat: readonly string[]): Record<string, string> {
    return Object.fromEntries(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : [])));
  }
});
