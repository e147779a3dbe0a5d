import { type Context, createContext as createContextOf } from '../../cli/context.js';
import { project } from '../../project.js';

/** A deployment of this project. */
export function createContext(options: Parameters<typeof createContextOf>[1]): Context {
  return createContextOf(project, options);
}
