import { Listr, PRESET_TIMER } from 'listr2';
import { throwIfInterrupted, unlessInterrupted } from './machine/interruption.mjs';

export interface Step {
  readonly title: string;
  /** @param say shows what is going on; one line, replaced by the next */
  readonly run: (say: (text: string) => void) => Promise<unknown>;
}

export interface StepOptions {
  /** Show everything that is said, not only the last line. */
  readonly verbose?: boolean;
  /** Show nothing: what is printed is for programs. @default false */
  readonly silent?: boolean;
}

/** Runs steps one after the other, showing each with the time it took; plain lines where there is no terminal. */
export async function runSteps(options: StepOptions, steps: readonly Step[]): Promise<void> {
  const tasks = steps.map(({ title, run }) => ({
    title,
    task: async (_: unknown, task: { output: string }) => {
      let said = '';
      const say = (text: string) => {
        // Without a terminal each one becomes a line.
        if (text !== said) task.output = text;
        said = text;
      };
      throwIfInterrupted();
      await unlessInterrupted(run(say));
    },
  }));
  const list = new Listr(tasks, {
    // It would end the process, and Terraform with it in the midst of its work.
    registerSignalListeners: false,
    renderer: options.silent ? 'silent' : 'default',
    fallbackRenderer: options.silent ? 'silent' : options.verbose ? 'verbose' : 'simple',
    rendererOptions: { timer: PRESET_TIMER },
    fallbackRendererOptions: { timer: PRESET_TIMER },
  });
  await list.run();
}
