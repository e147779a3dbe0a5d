import { type Command, CommanderError } from 'commander';
import { LEVELS } from './level.js';
import { DEFAULTS } from './selection.js';

/** As grep has them. */
export const EXIT = { found: 0, none: 1, error: 2 } as const;

export function addLogsOptions(command: Command): Command {
  const list = (text: string, before: readonly string[] = []) => [...before, ...text.split(',').filter(Boolean)];
  return (
    command
      .option('--service <names>', 'only lines of these services, e.g. api,redis', list)
      .option('--container <names>', 'only lines of these containers, e.g. api-0', list)
      .option('--level <level>', `only this level and graver ones: ${LEVELS.join(', ')}`)
      .option('--since <when>', 'how long ago (90s, 10m, 2h, 1d) or when (2026-11-22T18:00)', DEFAULTS.since)
      .option('--until <when>', 'the same for the end (default: now)')
      .option('--grep <text>', 'only lines whose message contains the text')
      .option('-i, --ignore-case', 'upper and lower case are equal to --grep')
      .option('--request <id>', 'only lines of one HTTP request')
      .option('--limit <number>', 'the newest lines, this many at most', DEFAULTS.limit)
      .option('-f, --follow', 'go on with new lines as they arrive, until Ctrl-C')
      .option('--utc', 'times in UTC instead of the local zone')
      .option('--json', 'the stored documents, one a line')
      // Scripts tell "no lines" from "wrong option" by the exit code.
      .exitOverride((error) => {
        throw error.exitCode === 0 ? error : new CommanderError(EXIT.error, error.code, error.message);
      })
  );
}
