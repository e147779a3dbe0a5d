import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, expect, test } from '@jest/globals';
import { changeSite } from '../../../../cli/deployment/site.js';
import { readSite, UNPREPARED_SITE } from '../../../../environments/site.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

let project: string;
beforeEach(() => {
  project = temporaryFolder('site');
});

test('commands that reserve at the same time lose nothing of each other', async () => {
  const names = ['alice', 'bob', 'carol', 'dave'];
  await Promise.all(
    names.map((name, index) =>
      changeSite(project, async (known = UNPREPARED_SITE) => {
        await turn();
        const reserved = { baseCidr: `10.214.${index * 16}.0/20`, ports: { http: 20_000 + index } };
        return { ...known, deployments: { ...known.deployments, [name]: reserved } };
      }),
    ),
  );
  expect(Object.keys(readSite(project).deployments).sort()).toEqual(names);
});

test('what fails to change it leaves it as it was, and open to the next', async () => {
  await changeSite(project, () => UNPREPARED_SITE);
  const failing = changeSite(project, () => Promise.reject(new Error('no')));
  await expect(failing).rejects.toThrow('no');
  expect(await changeSite(project, (known) => known ?? UNPREPARED_SITE)).toEqual(UNPREPARED_SITE);
});
