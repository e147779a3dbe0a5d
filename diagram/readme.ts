import type { Topology } from '../constructs/core/topology.js';
import { renderSvg } from './svg.js';
import type { Theme } from './theme.js';

/** GitHub's own setting of light and dark chooses between them, which a query inside of an SVG would not see. */
const PICTURES: Readonly<Record<Theme, string>> = {
  light: 'docs/topology-light.svg',
  dark: 'docs/topology-dark.svg',
};

export const RENEW_COMMAND = 'npm run diagram -- --readme';

/**
 * The README's pictures as they should be: text by path.
 * @param topology of the `dev` environment
 */
export async function readmePictures(topology: Topology): Promise<Map<string, string>> {
  const render = async (theme: Theme) => [PICTURES[theme], await renderSvg(topology, { theme })] as const;
  return new Map(await Promise.all([render('light'), render('dark')]));
}
