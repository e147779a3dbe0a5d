/** One stored line: flat, with the dotted names of the Elastic Common Schema. */
export type Line = Readonly<Record<string, unknown>>;

/** Nested objects become dotted names, lists stay. Of two fields with one name the later wins. */
export function flatten(document: Readonly<Record<string, unknown>>): Line {
  return Object.fromEntries(entries(document, ''));
}

function entries(value: object, prefix: string): [string, unknown][] {
  return Object.entries(value).flatMap(([name, inner]: [string, unknown]): [string, unknown][] => {
    const isNested = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
    return isNested && Object.keys(inner).length > 0
      ? entries(inner, `${prefix}${name}.`)
      : [[`${prefix}${name}`, inner]];
  });
}

/** A field as text; empty where it is absent. */
export function textOf(line: Line, field: string): string {
  const value = line[field];
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
