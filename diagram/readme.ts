import { declaredTopology } from '../stacks/declared-topology.js';
import { loadEnvironment } from '../environments/index.js';
import { renderSvg } from './svg.js';
import type { Theme } from './theme.js';

/** GitHub's own setting of light and dark chooses between them, which a query inside of an SVG would not see. */
const PICTURES: Readonly<Record<Theme, string>> = {
  light: 'docs/topology-light.svg',
  dark: 'docs/topology-dark.svg',
};

export const RENEW_COMMAND = 'npm run diagram -- --readme';

/** The README's pictures of the `dev` environment as they should be: text by path. */
export async function readmePictures(environment = loadEnvironment('dev')): Promise<Map<string, string>> {
  const topology = declaredTopology(environment);
  const render = async (theme: Theme) => [PICTURES[theme], await renderSvg(topology, { theme })] as const;
  return new Map(await Promise.all([render('light'), render('dark')]));
}
