import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readSite, type Site, siteFile, writeSite } from '../../environments/site.js';
import { withLock } from '../bootstrap/lock.mjs';

/**
 * Reads, changes and writes the site as one step: commands that run at the same time would else lose what the other one
 * reserved, and two instances get the same subnet.
 * @param change is given undefined on a machine that was never prepared
 * @throws PlatformError if the site cannot be read
 */
export async function changeSite(
  project: string,
  change: (known: Site | undefined) => Site | Promise<Site>,
): Promise<Site> {
  return withLock(join(project, '.platform', 'site.lock'), async () => {
    const known = existsSync(siteFile(project)) ? readSite(project) : undefined;
    const site = await change(known);
    if (JSON.stringify(site) !== JSON.stringify(known)) writeSite(project, site);
    return site;
  });
}
