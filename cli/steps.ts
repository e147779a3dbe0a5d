import { Listr, PRESET_TIMER } from 'listr2';

export interface Step {
  readonly title: string;
  /** @param say shows what is going on; one line, replaced by the next */
  readonly run: (say: (text: string) => void) => Promise<unknown>;
}

export interface StepOptions {
  /** Show everything that is said, not only the last line. */
  readonly verbose?: boolean;
}

/** Runs steps one after the other, showing each with the time it took; plain lines where there is no terminal. */
export async function runSteps(options: StepOptions, steps: readonly Step[]): Promise<void> {
  const tasks = steps.map(({ title, run }) => ({
    title,
    task: async (_: unknown, task: { output: string }) => {
      await run((text) => {
        task.output = text;
      });
    },
  }));
  const list = new Listr(tasks, {
    renderer: 'default',
    fallbackRenderer: options.verbose ? 'verbose' : 'simple',
    rendererOptions: { timer: PRESET_TIMER },
    fallbackRendererOptions: { timer: PRESET_TIMER },
  });
  await list.run();
}
