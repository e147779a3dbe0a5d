import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IMAGE_LOCK_FILE, readImageLock, renderImageLock } from '../../constructs/core/image-lock.js';
import { PlatformError, type Problem } from '../../constructs/core/platform-error.js';
import { writeWhole } from '../../constructs/core/whole-file.mjs';
import { loadEnvironment } from '../../environments/selection.js';
import { UNPREPARED_SITE } from '../../environments/site.js';
import { declaredImages } from '../images/declared-images.js';
import { apartFromElastic, floatingBases, lockDrift, lockLeftovers } from '../lock/drift.js';
import { PROVIDER_LOCK_FILE, writeProviderLock } from '../terraform/provider-lock.js';
import { describeChanges, renewLock } from '../lock/renew.js';
import { resolveDigest } from '../lock/resolve-digest.js';
import { connectEngine, type Engine } from '../engine/engine.js';
import { registryProbes } from '../bootstrap/registries.mjs';
import { findTerraform } from '../bootstrap/terraform.mjs';
import type { Project } from '../project.js';
import { declare } from '../synth/declare.js';
import { everyTopology } from '../synth/declared-topology.js';
import { writeDeclaration } from '../synth/write-declaration.js';

export interface LockOptions {
  /** Compare only. @default false */
  readonly check?: boolean;
  /** Ask again what tags mean that are locked already. @default false */
  readonly update?: boolean;
}

/**
 * Records the images of every environment, and the Terraform provider's checksums where its registry answers.
 * @returns 1 if `check` finds a difference
 * @throws PlatformError with what could not be resolved; the rest is recorded
 */
export async function lockCommand(project: Project, { check = false, update = false }: LockOptions): Promise<number> {
  const lock = readImageLock();
  const declared = declaredImages(await everyTopology(project));
  const elsewhere = declaredImages(await everyTopology(project, ['debian']));
  const judge = (found: readonly Problem[]): void => {
    const { problems, refusal } = apartFromElastic(found, elsewhere);
    if (refusal !== undefined) console.log(refusal);
    if (problems.length > 0) throw PlatformError.all(problems);
  };
  if (check) {
    judge([...lockDrift(declared, lock), ...lockLeftovers(declared, lock)]);
    console.log(`${IMAGE_LOCK_FILE} fits what is declared.`);
    return 0;
  }
  // Only for what registries hold: without any, no engine is needed.
  let engine: Promise<Engine> | undefined;
  const { lock: next, problems } = await renewLock(
    declared,
    lock,
    async (reference, declaredAt) => resolveDigest(await (engine ??= connectEngine()), reference, declaredAt),
    { update },
  );
  const changes = describeChanges(lock, next);
  writeWhole(IMAGE_LOCK_FILE, renderImageLock(next));
  console.log(changes.length > 0 ? changes.join('\n') : `${IMAGE_LOCK_FILE} is as it was.`);
  await lockProvider(project);
  judge([...problems, ...floatingBases(declared)]);
  return 0;
}

async function lockProvider(project: Project): Promise<void> {
  if (!(await registryProbes.provider())) {
    console.log(`${PROVIDER_LOCK_FILE} was left as it is: no Terraform registry answers.`);
    return;
  }
  const { binary } = await findTerraform();
  const outdir = mkdtempSync(join(tmpdir(), 'redis-platform-lock-'));
  try {
    const environment = loadEnvironment(project.environments, 'dev');
    writeDeclaration(await declare(project, { environment, site: UNPREPARED_SITE }), outdir);
    await writeProviderLock(project.folder, binary, join(outdir, 'stacks', environment.name));
    console.log(`${PROVIDER_LOCK_FILE} is renewed.`);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
