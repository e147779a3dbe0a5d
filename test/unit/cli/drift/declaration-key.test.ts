import { join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { keyOf, type Sources } from '../../../../cli/drift/declaration-key.js';
import { temporaryFolder, writeFiles } from '../../../support/temporary-folder.js';

let project: string;
beforeEach(() => {
  project = temporaryFolder('declaration-key');
  write('images/api/Dockerfile');
  write('stack/topology.json');
});

const write = (path: string, text = 'first') => {
  writeFiles(project, { [path]: text });
};
const key = (changes: Partial<Sources> = {}) =>
  keyOf({
    build: '0123456789abcdef',
    project,
    stack: join(project, 'stack'),
    variables: { PLATFORM_ENV: 'dev', PWD: '/here', npm_command: 'start' },
    today: new Date(2026, 10, 28, 9),
    ...changes,
  });

const nothing = () => undefined;
const writes = (path: string) => () => {
  write(path, 'second');
};

test.each<[string, () => void, Partial<Sources>]>([
  ['another program', nothing, { build: '0123456789abcdee' }],
  ['the next day', nothing, { today: new Date(2026, 10, 29, 9) }],
  ['another variable', nothing, { variables: { PLATFORM_ENV: 'ci' } }],
  ['one more variable', nothing, { variables: { PLATFORM_ENV: 'dev', SHOP: '1' } }],
  ['a file of an image', writes('images/api/Dockerfile'), {}],
  ['a new file of an image', writes('images/api/main.go'), {}],
  ['the lock of images', writes('images.lock.json'), {}],
  ["this machine's part", writes('.platform/site.json'), {}],
  ['the topology', writes('stack/topology.json'), {}],
])('%s is another key', (_, change, changes) => {
  const before = key();
  change();
  expect(key(changes)).not.toBe(before);
});

test('what each shell and npm set anew, and the time of day, are the same key', () => {
  const variables = {
    PLATFORM_ENV: 'dev',
    PWD: '/there',
    SHLVL: '2',
    _: '/bin/node',
    INIT_CWD: '/',
    NPM_COMMAND: 'run',
  };
  expect(key({ variables, today: new Date(2026, 10, 28, 23, 59) })).toBe(key());
});
