import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type DeploymentPaths, deploymentPaths } from '../../../../cli/context.js';
import { prepareSecrets, readSecret } from '../../../../cli/deployment/secrets.js';
import {
  beginOverlap,
  changedSecrets,
  isOverlapping,
  recordSecrets,
  secretValues,
  settleSecrets,
} from '../../../../cli/deployment/secrets-in-use.js';
import { synth } from '../../../support/synth.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const { topology } = synth();
const NAME = 'redis-app';
let folder: string;
let paths: DeploymentPaths;

beforeEach(() => {
  folder = temporaryFolder('secrets-in-use');
  paths = deploymentPaths(folder, 'dev');
  prepareSecrets(topology, paths);
});

/** As an operator does: the file goes, the next command makes another one. @returns the new value */
function rotate(): string {
  rmSync(join(paths.secrets, NAME));
  prepareSecrets(topology, paths);
  return readSecret(paths, NAME);
}

describe('the values that something which runs may use', () => {
  it('are the declared one where nothing was ever recorded', () => {
    expect(secretValues(paths, NAME)).toEqual([readSecret(paths, NAME)]);
    expect(changedSecrets(topology, paths)).toEqual([]);
  });

  it('are old and new from the moment on at which a password changes, until a start is through', () => {
    settleSecrets(topology, paths);
    const first = readSecret(paths, NAME);
    const second = rotate();
    expect(secretValues(paths, NAME)).toEqual([second, first]);
    expect(changedSecrets(topology, paths)).toEqual([NAME]);
    recordSecrets(topology, paths);
    expect(secretValues(paths, NAME)).toEqual([second, first]);
    settleSecrets(topology, paths);
    expect(secretValues(paths, NAME)).toEqual([second]);
    expect(changedSecrets(topology, paths)).toEqual([]);
  });

  it('are all of them when it changes again before the first change was through', () => {
    settleSecrets(topology, paths);
    const first = readSecret(paths, NAME);
    const second = rotate();
    recordSecrets(topology, paths);
    const third = rotate();
    recordSecrets(topology, paths);
    expect(secretValues(paths, NAME)).toEqual([third, second, first]);
  });

  it('do not change by a plan, which makes new secrets but nothing that uses them', () => {
    settleSecrets(topology, paths);
    const first = readSecret(paths, NAME);
    rotate();
    const third = rotate();
    expect(secretValues(paths, NAME)).toEqual([third, first]);
  });
});

describe('the record', () => {
  it('remembers an overlap over an interruption', () => {
    settleSecrets(topology, paths);
    expect(isOverlapping(paths)).toBe(false);
    rotate();
    recordSecrets(topology, paths);
    beginOverlap(paths);
    recordSecrets(topology, paths);
    expect(isOverlapping(paths)).toBe(true);
    expect(changedSecrets(topology, paths)).toEqual([NAME]);
    settleSecrets(topology, paths);
    expect(isOverlapping(paths)).toBe(false);
  });

  it('is for nobody else to read', () => {
    recordSecrets(topology, paths);
    if (process.platform !== 'win32') expect(statSync(paths.secretsInUse).mode & 0o077).toBe(0);
  });

  it.each(['', '{', '{"values":{"redis-app":"swordfish"}}'])('that is damaged (%s) is named, not quoted', (text) => {
    writeFileSync(paths.secretsInUse, text);
    expect(() => changedSecrets(topology, paths)).toThrow(/cannot be read/);
    expect(() => changedSecrets(topology, paths)).not.toThrow(/swordfish/);
    expect(readFileSync(paths.secretsInUse, 'utf8')).toBe(text);
  });
});
