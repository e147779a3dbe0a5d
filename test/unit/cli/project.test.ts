import { expect, test } from '@jest/globals';
import { defineProject } from '../../../cli/project.js';
import { project } from '../../../project.js';
import { dev } from '../../support/dev.js';

const ci = { ...dev, name: 'ci' };

test('a project whose environments have names of their own is taken as it is', () => {
  const good = { ...project, environments: [dev, ci] };
  expect(defineProject(good)).toBe(good);
});

test('one without environments is refused', () => {
  expect(() => defineProject({ ...project, environments: [] })).toThrow(
    'the project has no environments (got none): allowed is one or more, each with a name of its own. ' +
      'Add one to environments/index.ts.',
  );
});

test('every name that several environments have is refused, all at once', () => {
  expect(() => defineProject({ ...project, environments: [dev, ci, dev, ci, dev, { ...dev, name: 'prod' }] })).toThrow(
    /3 environments of one name \(got dev\): allowed is a name of its own for each environment\. Rename all but one of them\.[^]*2 environments of one name \(got ci\)/,
  );
});
