import { lastLogLines } from '../../cli/status/logs.js';
import { renderStatus } from '../../cli/status/render.js';
import { PLAIN } from '../../cli/terminal/table.js';
import type { Platform } from './platform.js';

const LOG_LINES = 12;

/** What a reader of a failure wants to see first: the platform's view of itself and what its containers said last. */
export async function diagnose(platform: Platform): Promise<string> {
  const status = await platform.status();
  const roles = await Promise.all(platform.nodes.map((name) => roleOf(platform, name)));
  const involved = status.concerned.length > 0 ? status.concerned : [...platform.nodes, ...platform.sentinels];
  const logs = await Promise.all(
    involved.map(async (name) => {
      const lines = await lastLogLines(platform.docker, platform.containerName(name), LOG_LINES);
      return [`${name}:`, ...lines.map((line) => `  ${line.slice(0, 400)}`)].join('\n');
    }),
  );
  return [renderStatus(status, PLAIN), ...roles, '', ...logs].join('\n');
}

async function roleOf(platform: Platform, name: string): Promise<string> {
  const node = platform.atNode(name, platform.login('admin'));
  try {
    return `${name} says ${JSON.stringify(await node.role())}`;
  } catch (error) {
    return `${name} says nothing: ${String(error)}`;
  } finally {
    platform.disconnect(node);
  }
}
