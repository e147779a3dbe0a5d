import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parseEnvironment } from '../../environments/schema.js';
import { dev } from '../support/dev.js';
import { topologyOf } from '../support/offline-deployment.js';
import { readmePictures, RENEW_COMMAND } from '../../diagram/readme.js';

test("the README's pictures show the platform as it is", async () => {
  const readme = readFileSync('README.md', 'utf8');
  for (const [path, wanted] of await readmePictures(topologyOf(parseEnvironment(dev)))) {
    expect(readme).toContain(path);
    if (readFileSync(path, 'utf8') !== wanted) throw new Error(`${path} is stale: renew it with \`${RENEW_COMMAND}\``);
  }
});
