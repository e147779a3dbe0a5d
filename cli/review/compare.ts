import { type AnyModel, servicesOf } from '../../constructs/models.js';
import type { Declaration } from './declaration.js';
import type { Finding } from './finding.js';
import { judgeAvailability } from './judge/availability.js';
import type { Comparison, Judge } from './judge/comparison.js';
import { judgeCost } from './judge/cost.js';
import { judgeCredentials } from './judge/credentials.js';
import { judgeBackups } from './judge/backups.js';
import { judgeDurability } from './judge/durability.js';
import { judgeExceptions } from './judge/exceptions.js';
import { judgeExposure } from './judge/exposure.js';
import { judgeGrants } from './judge/grants.js';
import { judgeHardening } from './judge/hardening.js';
import { judgeFiles } from './judge/files.js';
import { judgeImages } from './judge/images.js';
import { judgeModels } from './judge/models.js';
import { judgeProxy } from './judge/proxy.js';
import { judgeRedis } from './judge/redis.js';
import { judgeReplacement } from './judge/replacement.js';
import { judgeRest } from './judge/rest.js';
import { judgeVolumes } from './judge/volumes.js';
import { LEVELS } from './level.js';
import { matchServices } from './services.js';

const JUDGES: readonly Judge[] = [
  judgeVolumes,
  judgeRedis,
  judgeBackups,
  judgeDurability,
  judgeExposure,
  judgeGrants,
  judgeExceptions,
  judgeHardening,
  judgeCredentials,
  judgeAvailability,
  judgeProxy,
  judgeImages,
  judgeCost,
  judgeModels,
  judgeFiles,
  judgeRest,
];

/** What a reviewer should know of the way from one declaration to another, most dangerous first. Equal ones give nothing. */
export function compare(before: Declaration, after: Declaration): Finding[] {
  const comparison = compared(before, after);
  const findings = JUDGES.flatMap((judge) => judge(comparison));
  const all = [...findings, ...judgeReplacement(comparison, findings)];
  return all
    .map((finding) => ({ ...finding, cause: { section: sectionOf(after, finding), ...finding.cause } }))
    .sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
}

/** An environment's sections are called like the kinds of models, whatever the constructs are called. */
function sectionOf({ topology }: Declaration, { subject }: Finding): string | undefined {
  return (topology.models as readonly AnyModel[]).find((model) => servicesOf(model).includes(subject))?.kind;
}

export function compared(before: Declaration, after: Declaration): Comparison {
  return { before, after, matched: matchServices(before.topology, after.topology) };
}
