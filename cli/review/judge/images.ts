import { existsSync } from 'node:fs';
import { foundationsOf } from '../../../constructs/core/content-hash.js';
import type { TopologyService } from '../../../constructs/core/topology.js';
import { code, codes, type Finding, fromTo } from '../finding.js';
import type { Comparison } from './comparison.js';
import { constructOf } from '../services.js';

/** Another image, another version, other sources of an image that is built here. One finding for all that share it. */
export function judgeImages({ before, after, matched }: Comparison): Finding[] {
  const groups = new Map<string, { was: TopologyService; is: TopologyService; services: string[] }>();
  for (const { before: was, after: is } of matched.pairs) {
    if (was.image.reference === is.image.reference) continue;
    const key = `${was.image.reference} ${is.image.reference}`;
    const group = groups.get(key) ?? { was, is, services: [] };
    group.services.push(is.name);
    groups.set(key, group);
  }
  const findings = [...groups.values()].map(({ was, is, services }): Finding => {
    const rebuilt = was.image.kind === 'directory' && is.image.kind === 'directory' && was.image.from === is.image.from;
    return {
      level: 'image',
      subject: services[0] ?? is.name,
      what: rebuilt
        ? `${codes(services)}: the image is built from changed sources in ${code(is.image.from)}`
        : `${codes(services)}: another image, ${fromTo(name(was), name(is))}`,
      why: rebuilt ? 'Another program runs: read the changes of its folder.' : whyOf(was, is),
      cause: {
        construct: constructOf(is),
        // Some settings of Redis choose the image that can.
        settings: ['image', 'activeDefrag'],
        words: [is.image.from, 'image'],
        ...(rebuilt && { files: [is.image.from] }),
      },
    };
  });
  if (before.provider !== after.provider) {
    findings.push({
      level: 'image',
      subject: 'provider',
      what: `another Terraform provider: ${fromTo(before.provider, after.provider)}`,
      why: 'It may see differences where there are none, and replace containers.',
      cause: { words: ['providerVersion', 'provider'], files: ['constructs/core/provider-version.mjs'] },
    });
  }
  return findings;
}

function name({ image }: TopologyService): string {
  return image.kind === 'directory' ? image.from : image.reference;
}

function isBuiltFrom({ image }: TopologyService, other: TopologyService): boolean {
  // The folder may be gone.
  if (image.kind !== 'directory' || !existsSync(`${image.from}/Dockerfile`)) return false;
  return Object.values(foundationsOf(image.from)).includes(other.image.from);
}

function whyOf(was: TopologyService, is: TopologyService): string {
  const [repository, other] = [was, is].map(({ image }) => image.reference.split('@')[0]?.replace(/:[^/:]+$/, ''));
  if (isBuiltFrom(is, was)) return 'It is the image so far with something on top: read what its folder changes.';
  if (isBuiltFrom(was, is)) return 'What its folder puts on top of the new one is gone.';
  if (repository !== other) return 'Another program runs, with its own defaults and data format.';
  const [old, now] = [was, is].map(({ image }) => /:v?(\d+)(?:\.(\d+))?/.exec(image.reference));
  if (!old || !now) return 'Another version of the same program runs.';
  const difference = Number(now[1]) - Number(old[1]) || Number(now[2] ?? 0) - Number(old[2] ?? 0);
  if (difference < 0) return 'An older version may not read what the newer one wrote.';
  return Number(now[1]) === Number(old[1])
    ? 'Another version of the same program runs.'
    : 'A new major version may behave differently, and an older one may not read its data.';
}
