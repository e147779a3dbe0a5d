import { describe, expect, it } from '@jest/globals';
import { checkBeforeStart } from '../../../../cli/preflight/index.js';
import { findLeftovers, removeResources } from '../../../../cli/preflight/leftovers.js';
import { checkOwner } from '../../../../cli/preflight/owner.js';
import { PlatformError } from '../../../../constructs/core/platform-error.js';
import { UNPREPARED_SITE } from '../../../../environments/site.js';
import { engineWith } from '../../../support/fake-engine.js';
import { contextIn, stateWith, topologyOf, write, writeSite } from '../../../support/offline-deployment.js';

const labels = { 'redis-platform.deployment': 'dev', 'redis-platform.owner': 'aaaaaaaa' };
const foreign = { ...labels, 'redis-platform.owner': 'bbbbbbbb' };
const alice = { ...labels, 'redis-platform.deployment': 'dev_alice' };

describe('what an interrupted run left behind', () => {
  it('is what this checkout made and the state does not list, of this deployment only', async () => {
    const context = contextIn();
    writeSite(context, 'aaaaaaaa');
    write(context.paths.state, stateWith([{ id: 'known', deployment: 'dev' }]));
    const engine = await engineWith({
      containers: [
        { id: 'known', name: 'rp-dev-redis-0', labels },
        { id: 'lost', name: 'rp-dev-redis-1', labels },
        { id: 'theirs', name: 'rp-dev-redis-2', labels: foreign },
        { id: 'alice', name: 'rp-dev_alice-redis-0', labels: alice },
      ],
      networks: [{ id: 'net', name: 'rp-dev-edge', labels }],
    });
    const found = await findLeftovers(context, engine);
    expect(found.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'container rp-dev-redis-1',
      'network rp-dev-edge',
    ]);
  });

  it('is stopped before it is removed, with its anonymous volumes, and networks come last', async () => {
    const engine = await engineWith({ networks: [{ id: 'net', name: 'rp-dev-edge' }] });
    await removeResources(engine, [
      { kind: 'network', id: 'net', name: 'rp-dev-edge', owner: 'aaaaaaaa' },
      { kind: 'container', id: 'lost', name: 'rp-dev-redis-1', owner: 'aaaaaaaa' },
    ]);
    expect(engine.asked).toEqual(['POST /containers/lost/stop', 'DELETE /containers/lost?v', 'DELETE /networks/net']);
  });

  it.each([
    ['has members', ['debug'], 'docker network disconnect -f rp-dev-edge debug'],
    ['has leaked an endpoint', [], 'Restart the engine'],
  ])('a network that %s is explained', async (_, members, fix) => {
    const engine = await engineWith({ networks: [{ id: 'net', name: 'rp-dev-edge', members }] });
    const leftovers = [{ kind: 'network' as const, id: 'net', name: 'rp-dev-edge', owner: 'aaaaaaaa' }];
    await expect(removeResources(engine, leftovers)).rejects.toThrow(fix);
  });
});

describe('what another checkout deployed under the same name', () => {
  it('is refused, unless the own state lists it', async () => {
    const context = contextIn();
    const engine = await engineWith({ containers: [{ id: 'theirs', name: 'rp-dev-redis-0', labels: foreign }] });
    const [problem] = await checkOwner(context, engine, 'aaaaaaaa');
    expect(problem?.got).toBe('container rp-dev-redis-0, owner bbbbbbbb');
    expect(problem?.fix).toContain('--instance NAME');
    write(context.paths.state, stateWith([{ id: 'theirs', deployment: 'dev' }]));
    expect(await checkOwner(context, engine, 'aaaaaaaa')).toEqual([]);
  });

  it('is a leftover where only its networks are there, which hold nothing', async () => {
    const context = contextIn();
    writeSite(context, 'aaaaaaaa');
    const networks = [{ id: 'net', name: 'rp-dev-edge', labels: foreign }];
    const empty = await engineWith({ networks });
    expect(await checkOwner(context, empty, 'aaaaaaaa')).toEqual([]);
    expect((await findLeftovers(context, empty)).map(({ name }) => name)).toEqual(['rp-dev-edge']);
    const alive = await engineWith({ networks, containers: [{ id: 'c', name: 'rp-dev-redis-0', labels: foreign }] });
    expect(await checkOwner(context, alive, 'aaaaaaaa')).toHaveLength(1);
    expect(await findLeftovers(context, alive)).toEqual([]);
  });

  it('is reported together with all other problems', async () => {
    const context = contextIn();
    const engine = await engineWith({
      containers: [
        { id: 'theirs', name: 'rp-dev-redis-0', labels: foreign },
        { id: 'shop', name: 'shop', ports: [{ IP: '0.0.0.0', PublicPort: 8080 }] },
      ],
      networks: [{ id: 'net', name: 'shop_default', subnet: '198.51.100.0/25' }],
    });
    // For documentation (RFC 5737), so this machine has no interface in it.
    const deployments = { dev: { baseCidr: '198.51.100.0/24', ports: { http: 8080 } } };
    const site = { ...UNPREPARED_SITE, owner: 'aaaaaaaa', deployments };
    const error: unknown = await checkBeforeStart({
      context,
      engine,
      site,
      topology: topologyOf(context.environment),
    }).catch((reason: unknown) => reason);
    const problems = error instanceof PlatformError ? error.problems.map(({ what }) => what) : [];
    expect(problems).toContain('another checkout has deployed dev on this engine');
    expect(problems).toContain('port 8080 on 127.0.0.1, for http, is taken by the container shop');
    expect(problems).toContain("the deployment's addresses overlap with those of the engine's network shop_default");
  });
});
