import { describe, expect, it } from '@jest/globals';
import { checkState } from '../../../../cli/preflight/state.js';
import { readTerraformState } from '../../../../cli/terraform/state.js';
import { contextIn, stateWith, write } from '../../../support/offline-deployment.js';

describe('the state file', () => {
  it('may be missing', () => {
    const context = contextIn();
    checkState(context);
    expect(readTerraformState(context.paths.state)).toBeUndefined();
  });

  it('of this deployment is accepted, and what it lists is read', () => {
    const context = contextIn();
    write(context.paths.state, stateWith([{ id: 'abc', deployment: 'dev' }], { clients: { api: {} } }));
    checkState(context);
    expect(readTerraformState(context.paths.state)).toEqual({
      outputs: { clients: { api: {} } },
      resources: [
        {
          type: 'docker_container',
          id: 'abc',
          name: 'rp-dev-x',
          labels: { 'redis-platform.deployment': 'dev' },
          volumes: [],
        },
      ],
    });
  });

  it('of an instance whose name begins with this one is refused', () => {
    const context = contextIn();
    write(context.paths.state, stateWith([{ id: 'abc', deployment: 'dev_alice' }]));
    expect(() => {
      checkState(context);
    }).toThrow(
      /belongs to another deployment \(got dev_alice\): allowed is dev\. Move it back to .platform\/dev_alice/,
    );
  });

  it.each([
    ['cut off', '{"version": 4, "outp', /is damaged/],
    ['empty', '', /is damaged/],
    ['some other JSON', '{"version": 4, "resources": 1}', /JSON that is no Terraform state/],
    ['of a newer format', '{"version": 5}', /state format 5.*allowed is state format 4/],
  ])('that is %s is refused with what to do', (_, text, message) => {
    const context = contextIn();
    write(context.paths.state, text);
    expect(() => {
      checkState(context);
    }).toThrow(message);
    expect(() => {
      checkState(context);
    }).toThrow('Nothing was changed.');
  });
});
