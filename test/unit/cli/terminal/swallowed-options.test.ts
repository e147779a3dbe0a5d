import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it, test } from '@jest/globals';
import { refuseSwallowedOptions } from '../../../../cli/terminal/swallowed-options.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const program = new Command('npm run');
program.command('status').option('--json').option('--instance <name>');
program.command('test').option('--offline').option('--engine <version>').option('--verbose');
program.command('lock').option('--update');
program.command('export').option('--to <tool>').option('--output <file>');
program.command('destroy').option('--instance <name>').option('--delete-data').option('--yes').option('--no-install');

const refusal = (args: string[], env: Record<string, string | undefined>) => {
  try {
    refuseSwallowedOptions(program, args, { npm_lifecycle_event: args[0], ...env });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

describe('an option that npm took is refused, with the line to type', () => {
  test.each([
    ['--instance=win', ['destroy'], { npm_config_instance: 'win' }, 'platform destroy --instance win`'],
    ['--instance win', ['destroy', 'win'], { npm_config_instance: 'true' }, 'platform destroy --instance win`'],
    [
      'several',
      ['destroy'],
      { npm_config_instance: 'win', npm_config_delete_data: 'true' },
      'destroy -- --instance win --delete-data`',
    ],
    ["one that is npm's too", ['test'], { npm_config_offline: 'true' }, 'platform test --offline`'],
    ['one whose name npm completes', ['lock'], { npm_config_update_notifier: 'true' }, 'platform lock --update`'],
    ['the same with a value', ['test', '28'], { npm_config_engine_strict: 'true' }, 'platform test --engine 28`'],
    [
      'two with values, one of them completed',
      ['export', 'a.yaml'],
      { npm_config_token_description: 'compose', npm_config_output: 'true' },
      'platform export --to compose --output a.yaml`',
    ],
    [
      'the same by an npm that knows no such name',
      ['export'],
      { npm_config_to: 'compose', npm_config_output: 'a.yaml' },
      'platform export --to compose --output a.yaml`',
    ],
    ['one that npm reads as a level', ['test'], { npm_config_loglevel: 'verbose' }, 'platform test --verbose`'],
    ['a negated one', ['destroy'], { npm_config_install: '' }, 'platform destroy --no-install`'],
  ])('%s', (_, args, env, line) => {
    expect(refusal(args, env as Record<string, string>)).toContain(line);
  });
});

describe('what npm sets of its own is no reason to refuse', () => {
  it.each([
    ['an empty value', ['destroy'], { npm_config_yes: '', npm_config_instance: '' }],
    ['what reached us too', ['status', '--json'], { npm_config_json: 'true' }],
    ['another level', ['test'], { npm_config_loglevel: 'error' }],
    ['a run without npm', ['status'], { npm_config_json: 'true', npm_lifecycle_event: undefined }],
    ['options of other commands', ['status'], { npm_config_delete_data: 'true' }],
    ['no command', ['--help'], { npm_config_instance: 'win' }],
  ])('%s', (_, args, env) => {
    expect(refusal(args, env)).toBeUndefined();
  });

  it("an option of npm's that a .npmrc sets", () => {
    const folder = temporaryFolder('npmrc');
    const npm_config_userconfig = join(folder, '.npmrc');
    writeFileSync(npm_config_userconfig, 'color=false\njson = true\n');
    expect(refusal(['status'], { npm_config_json: 'true', npm_config_userconfig })).toBeUndefined();
    expect(refusal(['test'], { npm_config_offline: 'true', npm_config_userconfig })).toBeDefined();
  });
});

test('npm itself, as PowerShell calls it: nothing is run but a sentence is said', () => {
  const { status, stderr } = spawnSync('npm run status --json', { shell: true, encoding: 'utf8' });
  expect(stderr).toContain('.\\platform status --json');
  expect(status).toBe(1);
});
