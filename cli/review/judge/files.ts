import type { Topology, TopologyService } from '../../../constructs/core/topology.js';
import { type AnyModel, servicesOf } from '../../../constructs/models.js';
import { code, type Finding } from '../finding.js';
import type { Level } from '../level.js';
import { allPairs, differences } from '../models.js';
import { isRenderedFrom } from '../rendered.js';
import { about, type Comparison, newIn } from './comparison.js';

/**
 * Files whose text differs, but for addresses. Where that follows from the difference of a model, other judges say what it means. Where it does not (what
 * renders the file was changed, or the base is of a version without models), nobody but a reader knows.
 */
export function judgeFiles(comparison: Comparison): Finding[] {
  return comparison.matched.pairs.flatMap(({ before, after }) => {
    const [old, now] = [comparison.before.topology, comparison.after.topology];
    const [was, is] = [texts(before, old), texts(after, now)];
    const differ = [...new Set([...was.keys(), ...is.keys()])].filter((path) => was.get(path) !== is.get(path)).sort();
    const pair = allPairs(comparison).find((one) => servicesOf(one.after).includes(after.name));
    const hasModel = (now.models as readonly AnyModel[]).some((model) => servicesOf(model).includes(after.name));
    const secret = new Set([...before.files, ...after.files].filter((file) => file.secret).map(({ path }) => path));
    /** Undefined where it is not made of a model, or not of one alone. */
    const follows = (path: string): boolean | undefined => {
      if (!hasModel || !was.has(path) || !is.has(path)) return undefined;
      const sides = [
        pair && isRenderedFrom(pair.before, before.name, path, old),
        pair && isRenderedFrom(pair.after, after.name, path, now),
      ];
      if (secret.has(path) && sides.every((side) => side === undefined)) return undefined;
      return !sides.includes(false) && pair !== undefined && differences(pair.before, pair.after).length > 0;
    };
    const add = (level: Level, paths: readonly string[], said: (path: string) => string, why: string): Finding[] => {
      if (paths.length === 0) return [];
      const lines = paths
        .filter((path) => !secret.has(path))
        .flatMap((path) => differingLines(was.get(path), is.get(path)));
      const words = [...lines, ...paths, ...paths.map((path) => path.split('/').at(-1) ?? ''), 'addFile'];
      return [about(after, level, `files: ${paths.map(said).join(', ')}`, why, { words })];
    };
    return [
      ...add(
        'exposure',
        differ.filter((path) => follows(path) === false),
        (path) => `${code(path)} changed, and nothing that is known of ${code(after.name)} says why`,
        'Read the difference: protections may be gone.',
      ),
      ...add(
        'other',
        differ.filter((path) => follows(path) === undefined),
        (path) => `${code(path)} ${was.has(path) ? (is.has(path) ? 'changed' : 'is gone') : 'is new'}`,
        'The program reads them at its start.',
      ),
    ];
  });
}

/** By which the source that renders them is found. */
function differingLines(was = '', is = ''): string[] {
  const [before, after] = [was, is].map((text) => text.split('\n').map((line) => line.trim()));
  return [...newIn(before ?? [], after ?? []), ...newIn(after ?? [], before ?? [])].slice(0, 4);
}

/** By path, with names in the place of addresses: where those change, it is said elsewhere. */
function texts({ files }: TopologyService, { services }: Topology): Map<string, string> {
  const instances = services.flatMap((service) => service.instances);
  const names = instances.flatMap(({ name, networks }) =>
    Object.entries(networks).flatMap(([network, address]) =>
      address === null ? [] : [[address, `${name}@${network}`]],
    ),
  );
  const byAddress = new Map(names as [string, string][]);
  const named = (text: string) => text.replaceAll(/\d+(\.\d+){3}/g, (address) => byAddress.get(address) ?? address);
  return new Map(files.map(({ path, text }) => [path, named(text)]));
}
