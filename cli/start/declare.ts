import type { Topology } from '../../constructs/core/topology.js';
import type { Site } from '../../environments/site.js';
import type { Context } from '../context.js';
import { declare } from '../synth/declare.js';
import { writeDeclaration } from '../synth/write-declaration.js';
import { prepareSecrets } from '../deployment/secrets.js';
import { sayNote } from '../terminal/note.js';
import type { DeclaredSession, PrepareOptions, Session } from '../session/session.js';

/**
 * The session with what is wanted, written where Terraform reads it.
 * @throws PlatformError if the declaration is wrong or breaks a policy; then nothing is written
 */
export async function declareSession<Options extends PrepareOptions>(
  session: Session<Options>,
): Promise<DeclaredSession<Options>> {
  return { ...session, topology: await writeDeployment(session.context, session.site, sayNote) };
}

/**
 * Writes what a deployment is declared to be: the Terraform program, the topology and the secret files that both refer to.
 * @throws PlatformError if the declaration is wrong or breaks a policy
 */
export async function writeDeployment(
  { project, environment, instance, paths }: Context,
  site: Site,
  onNote?: (note: string) => void,
): Promise<Topology> {
  const declaration = await declare(project, { environment, instance, site, onNote });
  writeDeclaration(declaration, paths.output);
  prepareSecrets(declaration.topology, paths);
  return declaration.topology;
}
