/** One fact; a list is a set, in which order has no meaning. */
export type Fact = string | readonly string[];
/** By what it is called in the provider's words. */
export type Facts = Readonly<Record<string, Fact>>;

/** Values of these are not printed: people put passwords into them. */
const UNSPOKEN = new Set(['env']);

/**
 * How what is there differs from what is declared, e.g. `cap_add is NET_ADMIN, declared none`.
 * @param declared a fact that is not in it is not declared one way or the other
 */
export function compareFacts(declared: Facts, actual: Facts): string[] {
  return Object.entries(declared).flatMap(([name, wanted]) => {
    const found = actual[name] ?? '';
    if (key(wanted) === key(found)) return [];
    if (UNSPOKEN.has(name)) return [`${name} differs in ${changedNames(wanted, found).join(', ')}`];
    return [`${name} is ${say(found)}, declared ${say(wanted)}`];
  });
}

/** A set as a fact. */
export function set(values: Iterable<string>): string[] {
  return [...new Set(values)].sort();
}

function key(fact: Fact): string {
  return typeof fact === 'string' ? fact : JSON.stringify(set(fact));
}

function say(fact: Fact): string {
  const text = typeof fact === 'string' ? fact : set(fact).join(', ');
  return text === '' ? 'none' : text;
}

function changedNames(one: Fact, other: Fact): string[] {
  const [before, after] = [[one].flat(), [other].flat()];
  const changed = [
    ...before.filter((item) => !after.includes(item)),
    ...after.filter((item) => !before.includes(item)),
  ];
  return set(changed.map((item) => item.split('=')[0] ?? ''));
}
