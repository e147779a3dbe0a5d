import { DockerProvider } from '@cdktf/provider-docker/lib/provider/index.js';
import { LocalBackend, type TerraformStack } from 'cdktf';
import { providerVersion } from '../../core/provider-version.mjs';

/** Lets Terraform work on a Docker engine, and keep its state among the deployment's own files. */
export function useDocker(stack: TerraformStack, deployment: string): void {
  new DockerProvider(stack, 'docker', {});
  // The bindings pin an older provider; what 4.x has more goes through overrides in render.ts.
  stack.addOverride('terraform.required_providers.docker.version', providerVersion);
  // Relative, as the default would write this machine's path into the output.
  new LocalBackend(stack, { path: `../../../.platform/${deployment}/terraform.tfstate` });
}
