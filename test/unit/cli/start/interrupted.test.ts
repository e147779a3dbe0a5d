import { existsSync, readFileSync, rmSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { remove } from '../../../../cli/start/remove.js';
import { checkEngine, recordEngine } from '../../../../cli/deployment/home-engine.js';
import { readTerraformState } from '../../../../cli/terraform/state.js';
import { copyState, restoreState } from '../../../../cli/terraform/state-copy.js';
import { registeredVolumes, registerVolumes } from '../../../../cli/deployment/volumes.js';
import { type EngineAnswers, engineWith } from '../../../support/fake-engine.js';
import { contextIn, stateWith, write, writeSite } from '../../../support/offline-deployment.js';

const state = JSON.stringify(stateWith([{ id: 'known', deployment: 'dev' }]));

describe('a state that was cut off', () => {
  it.each([
    ['empty', ''],
    ['half', state.slice(0, state.length / 2)],
  ])('is what the run began with again when it is %s', (_, left) => {
    const { state: file } = contextIn().paths;
    write(file, state);
    copyState(file);
    write(file, left);
    expect(readTerraformState(file)?.resources).toHaveLength(1);
    expect(restoreState(file)).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe(state);
    expect(restoreState(file)).toBe(false);
  });

  it('is an empty one where the first run of all was cut off', () => {
    const { state: file } = contextIn().paths;
    copyState(file);
    write(file, '');
    expect(restoreState(file)).toBe(true);
    expect(readTerraformState(file)?.resources).toEqual([]);
  });

  it('never replaces the copy, and one that was deleted stays deleted', () => {
    const { state: file } = contextIn().paths;
    write(file, state);
    copyState(file);
    write(file, '{');
    copyState(file);
    expect(restoreState(file)).toBe(true);
    rmSync(file);
    expect(restoreState(file)).toBe(false);
    expect(existsSync(file)).toBe(false);
  });
});

describe('removing', () => {
  const labels = { 'redis-platform.deployment': 'dev', 'redis-platform.owner': 'aaaaaaaa' };
  const setUp = async (networks: EngineAnswers['networks'] = []) => {
    const context = contextIn();
    writeSite(context, 'aaaaaaaa');
    write(context.paths.state, { ...(JSON.parse(state) as object), serial: 7, lineage: 'x' });
    const engine = await engineWith({
      containers: [
        { id: 'known', name: 'rp-dev-redis-0', labels },
        { id: 'lost', name: 'rp-dev-redis-1', labels },
      ],
      networks,
    });
    return { context, engine };
  };

  it('takes what Terraform knows and what it does not, and then the state lists nothing', async () => {
    const { context, engine } = await setUp();
    await remove(context, engine);
    expect([...engine.asked].sort()).toEqual([
      'DELETE /containers/known?v',
      'DELETE /containers/lost?v',
      'POST /containers/known/stop',
      'POST /containers/lost/stop',
    ]);
    expect(JSON.parse(readFileSync(context.paths.state, 'utf8'))).toMatchObject({
      ...{ version: 4, serial: 8, lineage: 'x', outputs: {}, resources: [] },
    });
  });

  it('leaves a network that the engine does not let go, says so, and the next start knows it', async () => {
    // With endpoints that nobody sees, as old engines have now and then.
    const { context, engine } = await setUp([{ id: 'net', name: 'rp-dev-edge', labels, members: [] }]);
    const attributes = { id: 'net', name: 'rp-dev-edge' };
    const resources = [
      ...(stateWith([{ id: 'known', deployment: 'dev' }]) as { resources: object[] }).resources,
      { type: 'docker_network', instances: [{ attributes }] },
    ];
    write(context.paths.state, { version: 4, serial: 7, resources });
    expect(await remove(context, engine)).toEqual([
      expect.stringContaining('rp-dev-edge stays until the engine is restarted'),
    ]);
    expect(readTerraformState(context.paths.state)?.resources).toMatchObject([{ type: 'docker_network', id: 'net' }]);
  });

  it('leaves the state as it is where the engine does not answer', async () => {
    const { context, engine } = await setUp();
    engine.stop();
    await expect(remove(context, engine)).rejects.toThrow();
    expect(readFileSync(context.paths.state, 'utf8')).toContain('known');
  });
});

describe('data volumes', () => {
  const volumes = [
    { volume_name: 'rp-dev-redis-0-data', read_only: false },
    { volume_name: 'rp-dev-logs-data', read_only: true },
    { volume_name: '' },
  ];
  const attributes = { id: 'x', name: 'rp-dev-redis-0', volumes };
  const deployed = { version: 4, resources: [{ type: 'docker_container', instances: [{ attributes }] }] };

  it('that another way of deploying made are known by the state, and stay so without it', () => {
    const { paths } = contextIn();
    write(paths.state, deployed);
    expect(registeredVolumes(paths)).toEqual(['rp-dev-redis-0-data']);
    registerVolumes(paths, ['rp-dev-redis-1-data']);
    rmSync(paths.state);
    expect(registeredVolumes(paths)).toEqual(['rp-dev-redis-0-data', 'rp-dev-redis-1-data']);
  });

  it('are none where nothing was deployed', () => {
    const { paths } = contextIn();
    registerVolumes(paths);
    expect([registeredVolumes(paths), existsSync(paths.volumes)]).toEqual([[], false]);
  });
});

describe('the engine of a deployment', () => {
  const [home, other] = [
    { id: 'A', host: 'unix:///a.sock' },
    { id: 'B', host: 'unix:///b.sock' },
  ];

  it('is refused when it is another one, with the ways out, while there is data', () => {
    const context = contextIn();
    recordEngine(context, home);
    checkEngine(context, other);
    write(context.paths.volumes, ['rp-dev-redis-0-data']);
    checkEngine(context, { ...home, host: 'tcp://elsewhere' });
    expect(() => {
      checkEngine(context, other);
    }).toThrow(/another Docker engine.*unix:\/\/\/a\.sock.*--instance.*engine\.json/s);
  });
});
