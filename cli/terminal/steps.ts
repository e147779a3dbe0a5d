import { Listr, type ListrTask, PRESET_TIMER } from 'listr2';
import { throwIfInterrupted, unlessInterrupted } from '../bootstrap/interruption.mjs';

/** Shows what is going on; one line, replaced by the next. */
export type Say = (text: string) => void;

/** A piece of work that is shown, with the time it took. */
export interface Step {
  readonly title: string;
  readonly run: (say: Say) => Promise<unknown>;
}

/** Steps that are known only while others run. */
export interface StepGroup {
  readonly title: string;
  readonly steps: () => Promise<readonly Step[]>;
}

export interface StepOptions {
  /** Show everything that is said, not only the last line. */
  readonly verbose?: boolean;
  /** Show nothing: what is printed is for programs. @default false */
  readonly silent?: boolean;
}

/** Runs steps one after the other; plain lines where there is no terminal. */
export async function runSteps({ silent, verbose }: StepOptions, steps: readonly Step[]): Promise<void> {
  const tasks = steps.map(({ title, run }) => ({
    title,
    task: async (_: unknown, task: Shown) => {
      throwIfInterrupted();
      await unlessInterrupted(run(showing(task)));
    },
  }));
  await newList(tasks, silent ? 'silent' : verbose ? 'verbose' : 'simple', {
    renderer: silent ? 'silent' : 'default',
  }).run();
}

/**
 * Runs steps at the same time.
 * @throws what the first failing step threw; the others are left to themselves
 */
export async function runTogether(steps: readonly (Step | StepGroup)[]): Promise<void> {
  let failure: unknown;
  const toTask = (step: Step | StepGroup): ListrTask => ({
    title: step.title,
    task: async (_, task) => {
      try {
        if ('steps' in step) {
          const found = await unlessInterrupted(step.steps());
          return task.newListr(found.map(toTask), { concurrent: true });
        }
        // Plain output would get thousands of lines.
        await unlessInterrupted(step.run(process.stdout.isTTY ? showing(task) : () => undefined));
        return undefined;
      } catch (error) {
        failure ??= error;
        // Why is for whoever catches the error: the list would say it once for each step that waited.
        throw new Error('failed', { cause: error });
      }
    },
  });
  try {
    await newList(steps.map(toTask), 'simple', { concurrent: true, showErrorMessage: false }).run();
  } catch (error) {
    throw failure ?? error;
  }
}

/** A line of the list. */
interface Shown {
  output: string;
}

function showing(task: Shown): Say {
  let said = '';
  return (text) => {
    // Without a terminal each one becomes a line.
    if (text !== said) task.output = text;
    said = text;
  };
}

function newList(
  tasks: ListrTask[],
  fallbackRenderer: 'silent' | 'simple' | 'verbose',
  {
    renderer = 'default',
    concurrent = false,
    showErrorMessage = true,
  }: { renderer?: 'silent' | 'default'; concurrent?: boolean; showErrorMessage?: boolean },
) {
  return new Listr(tasks, {
    concurrent,
    // It would end the process, and Terraform with it in the midst of its work.
    registerSignalListeners: false,
    renderer,
    fallbackRenderer,
    rendererOptions: { timer: PRESET_TIMER, showErrorMessage },
    fallbackRendererOptions: { timer: PRESET_TIMER },
  });
}
