import { expect, test } from '@jest/globals';
import { terraformEnvironment } from '../../../../cli/bootstrap/terraform.mjs';

test("our Terraform has none of the user's settings but where to find providers", () => {
  const user = {
    PATH: '/bin',
    TF_CLI_CONFIG_FILE: '/etc/terraformrc',
    TF_WORKSPACE: 'qa',
    TF_CLI_ARGS_apply: '-destroy',
    TF_CLI_ARGS: '-lock=false',
    TF_DATA_DIR: '/tmp/x',
    TF_VAR_a: '1',
    tf_log: 'trace',
    DOCKER_CONTEXT: 'other',
  };
  expect(terraformEnvironment(user)).toEqual({
    PATH: '/bin',
    TF_CLI_CONFIG_FILE: '/etc/terraformrc',
    TF_WORKSPACE: 'default',
    TF_IN_AUTOMATION: '1',
    CHECKPOINT_DISABLE: '1',
  });
});
