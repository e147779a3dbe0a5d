import { Listr, type ListrTask, PRESET_TIMER } from 'listr2';
import type { OnLine } from './images.js';
import { unlessInterrupted } from './interruption.mjs';

/** A piece of work that is shown, with the time it took. */
export interface Step {
  readonly title: string;
  /**
   * @param onLine sees what programs print; their last line is shown on a terminal
   * @returns more steps that follow from it
   */
  readonly run: (onLine: OnLine | undefined) => Promise<readonly Step[] | undefined>;
}

/**
 * Runs steps at the same time; plain lines where there is no terminal.
 * @throws what the first failing step threw; the others are left to themselves
 */
export async function runSideBySide(steps: readonly Step[]): Promise<void> {
  let failure: unknown;
  const toTask = ({ title, run }: Step): ListrTask => ({
    title,
    task: async (_, task) => {
      try {
        const more = await unlessInterrupted(run(showBelow(task)));
        return more === undefined ? undefined : task.newListr(more.map(toTask), { concurrent: true });
      } catch (error) {
        failure ??= error;
        // Why is for whoever catches the error: the list would say it once for each step that waited.
        throw new Error('failed', { cause: error });
      }
    },
  });
  try {
    await new Listr(steps.map(toTask), {
      concurrent: true,
      registerSignalListeners: false,
      rendererOptions: { timer: PRESET_TIMER, showErrorMessage: false },
      fallbackRenderer: 'simple',
      fallbackRendererOptions: { timer: PRESET_TIMER },
    }).run();
  } catch (error) {
    throw failure ?? error;
  }
}

/** Plain output would get thousands of lines. */
function showBelow(task: { output: string }): OnLine | undefined {
  if (!process.stdout.isTTY) return undefined;
  return (line) => {
    task.output = line;
  };
}
