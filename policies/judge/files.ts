import { readdirSync } from 'node:fs';

/** The folder above holds one policy a file. */
const folder = new URL('..', import.meta.url);

/**
 * What each file of `policies/` exports by default, by its name without `.ts`.
 *
 * Only tests run this text: a bundle cannot look into folders, so cli/bootstrap/bundles.mjs replaces it by an import for
 * each file that is there when the bundle is made.
 */
export const policyFiles: Readonly<Record<string, unknown>> = await importAll();

async function importAll(): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  // One after the other: jest cannot load what two of them import while it loads it for the first.
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.ts'))) {
    const module = (await import(new URL(name, folder).href)) as { readonly default?: unknown };
    found[name.slice(0, -'.ts'.length)] = module.default;
  }
  return found;
}
