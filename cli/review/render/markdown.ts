import { isDeepStrictEqual } from 'node:util';
import type { Topology } from '../../../constructs/core/topology.js';
import { renderMermaid } from '../../../diagram/mermaid.js';
import { code, count } from '../finding.js';
import { costText } from '../judge/cost.js';
import { LEVEL_MEANINGS, type Level } from '../level.js';
import { maskedLine } from '../masked.js';
import { counts, type EnvironmentReview, type LocatedFinding, type Review } from '../review.js';
import { matchServices } from '../services.js';
import { whereText } from './text.js';

/** By this a comment of an earlier run is found, so that it is updated instead of followed by another one. */
export const MARKER = '<!-- redis-platform-review -->';
/** GitHub takes 65,536 characters; this is in bytes, which are never fewer. */
export const MOST_BYTES = 65_000;

const SIGNS: Readonly<Record<Level, string>> = {
  data: '🔴',
  exposure: '🟠',
  availability: '🟡',
  image: '🔵',
  cost: '⚪',
  other: '⚫',
};

/** For one comment on a pull request: what does not fit is left out, least important first, and said to be. */
export function renderMarkdown(review: Review): string {
  const { base, findings } = review;
  const head = [
    MARKER,
    `## Review against ${code(base.ref)} (${base.commit.slice(0, 12)})`,
    '',
    ...summary(review),
  ].join('\n');
  const blocks = [
    ...findings.map((finding, index) => findingBlock(finding, findings[index - 1]?.level)),
    ...review.environments.flatMap(environmentBlocks),
  ];
  let text = `${head}\n`;
  let left = 0;
  for (const block of blocks) {
    const longer = `${text}\n${block}\n`;
    // What comes later may be smaller and still fit, but a finding must not be missing between others.
    if (left === 0 && Buffer.byteLength(longer) < MOST_BYTES - 300) text = longer;
    else left++;
  }
  const more = `\n_${count(left, 'further section')} did not fit: run ${code(`npm run review -- --base ${base.ref}`)} to see everything._\n`;
  return left === 0 ? text : text + more;
}

function summary({ environments, findings, tree }: Review): string[] {
  const names = environments.map(({ name }) => code(name)).join(', ');
  const state = tree.dirty ? ', with changes that are not committed' : '';
  if (findings.length === 0) return [`✅ Nothing that is deployed changes (${names}${state}).`];
  return [
    table(
      ['level', 'findings', 'most important'],
      counts(findings).map(([level, number]) => {
        const first = findings.find((finding) => finding.level === level);
        return [`${SIGNS[level]} **${level}**`, String(number), cell(first?.what ?? '')];
      }),
    ),
    '',
    `Environments: ${names}${state}. Levels: ${counts(findings)
      .map(([level]) => `${level}: ${LEVEL_MEANINGS[level]}`)
      .join('; ')}.`,
  ];
}

function findingBlock({ level, what, why, where, environments }: LocatedFinding, previous: Level | undefined): string {
  const title = level === previous ? '' : `### ${SIGNS[level]} ${level.charAt(0).toUpperCase()}${level.slice(1)}\n\n`;
  const at = where ? ` — ${code(whereText(where))}` : '';
  return `${title}- **${safe(what)}** (${environments.join(', ')})${at}\n  ${safe(why)}`;
}

function environmentBlocks(environment: EnvironmentReview): string[] {
  const { name, before, after, outcomes, cost, planned } = environment;
  if (!before || !after) return [];
  const blocks: string[] = [];
  const marks = marksOf(environment);
  if (marks.size > 0) {
    const diagram = renderMermaid(withRemoved(before.topology, after.topology), { marks });
    blocks.push(folded(`${name}: topology, with the changes marked`, `\`\`\`mermaid\n${diagram.trimEnd()}\n\`\`\``));
  }
  if (outcomes.length > 0) {
    const rows = outcomes.map(({ instance, action, because }) => actionRow(instance, action, because));
    const title = `${name}: what happens to ${count(outcomes.length, 'container')}`;
    blocks.push(folded(title, table(['container', 'what', 'because'], rows)));
  }
  const files = fileChanges(before.topology, after.topology);
  if (files !== '') blocks.push(folded(`${name}: lines of configuration files`, `\`\`\`diff\n${files}\n\`\`\``));
  if (cost.before && cost.after && !isDeepStrictEqual(cost.before, cost.after)) {
    const rows = [
      ['containers', String(cost.before.containers), String(cost.after.containers)],
      ['limits', costText(cost.before), costText(cost.after)],
    ];
    blocks.push(folded(`${name}: limits of all containers together`, table(['', 'before', 'after'], rows)));
  }
  if (planned) {
    const rows = planned.map(({ address, action, because }) => actionRow(address, action, because));
    const title = `${name}: what Terraform would do with the deployment of the machine that made this review`;
    blocks.push(folded(title, rows.length === 0 ? 'Nothing.' : table(['resource', 'what', 'because'], rows)));
  }
  return blocks;
}

/** By name of the service. */
function marksOf({ before, after, outcomes }: EnvironmentReview): Map<string, 'added' | 'removed' | 'changed'> {
  const marks = new Map<string, 'added' | 'removed' | 'changed'>();
  for (const { service } of outcomes) marks.set(service, 'changed');
  if (before && after) {
    const { added, removed } = matchServices(before.topology, after.topology);
    for (const { name } of added) marks.set(name, 'added');
    for (const { name } of removed) marks.set(name, 'removed');
  }
  return marks;
}

/** So that what goes can be seen in the picture, too. */
function withRemoved(before: Topology, after: Topology): Topology {
  const { removed } = matchServices(before, after);
  const gone = new Set(removed.map(({ name }) => name));
  const lost = before.networks.filter(({ name }) =>
    removed.some(({ endpoints }) => endpoints.some((endpoint) => endpoint.name === name)),
  );
  const stays = (name: string) => gone.has(name) || after.services.some((service) => service.name === name);
  const edges = before.allowed.filter(
    ({ from, to }) => (gone.has(from) || lost.some(({ name }) => name === to)) && stays(from),
  );
  const networks = new Set([...after.networks, ...lost].map(({ name }) => name));
  return {
    ...after,
    services: [...after.services, ...removed],
    networks: [...after.networks, ...lost],
    allowed: [...after.allowed, ...edges.filter(({ to }) => networks.has(to))],
  };
}

function fileChanges(before: Topology, after: Topology): string {
  return matchServices(before, after)
    .pairs.flatMap(({ before: was, after: is }) =>
      is.files.flatMap(({ path, text, secret }) => {
        const old = was.files.find((file) => file.path === path);
        if (!old || old.text === text || secret || old.secret) return [];
        const [lost, gained] = [old.text.split('\n'), text.split('\n')];
        const only = (lines: readonly string[], others: readonly string[], sign: string) =>
          lines
            .filter((line) => !others.includes(line))
            .map((line) => `${sign}${maskedLine(line).replaceAll('`', "'")}`);
        return [`@@ ${is.name} ${path} @@`, ...only(lost, gained, '-'), ...only(gained, lost, '+')];
      }),
    )
    .join('\n');
}

function actionRow(name: string, action: string, because: readonly string[]): string[] {
  return [code(name), action, cell(because.map(code).join(', '))];
}

/** Cells are safe already. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function folded(title: string, content: string): string {
  return `<details><summary>${title}</summary>\n\n${content}\n\n</details>`;
}

/** Outside of code, nothing of it can be HTML, a link, an image or a mention. */
function safe(text: string): string {
  return text
    .split(/(`[^`]*`)/)
    .map((part) =>
      part.startsWith('`') ? part : part.replaceAll(/[<>[\]@*_~|#]/g, (sign) => `&#${sign.charCodeAt(0)};`),
    )
    .join('');
}

/** In a table, a bar ends the cell even within code. */
function cell(text: string): string {
  return safe(text).replaceAll('|', '\\|');
}
