import type { Topology } from '../../constructs/core/topology.js';
import type { Site } from '../../environments/site.js';
import { declare } from '../../stacks/declare.js';
import { writeDeclaration } from '../../stacks/write-declaration.js';
import type { Context } from '../context.js';
import { prepareSecrets } from '../deployment/secrets.js';
import { sayNote } from '../terminal/note.js';
import type { DeclaredSession, PrepareOptions, Session } from '../session/session.js';

/**
 * The session with what is wanted, written where Terraform reads it.
 * @throws PlatformError if the declaration is wrong or breaks a policy; then nothing is written
 */
export function declareSession<Options extends PrepareOptions>(session: Session<Options>): DeclaredSession<Options> {
  return { ...session, topology: writeDeployment(session.context, session.site, sayNote) };
}

/**
 * Writes what a deployment is declared to be: the Terraform program, the topology and the secret files that both refer to.
 * @throws PlatformError if the declaration is wrong or breaks a policy
 */
export function writeDeployment(
  { environment, instance, paths }: Context,
  site: Site,
  onNote?: (note: string) => void,
): Topology {
  const declaration = declare({ environment, instance, site, onNote });
  writeDeclaration(declaration, paths.output);
  prepareSecrets(declaration.topology, paths);
  return declaration.topology;
}
