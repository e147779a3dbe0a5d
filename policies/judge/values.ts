/** Attributes of a resource, as the provider names them; in a plan with defaults filled in, in cdk.tf.json without. */
export type Values = Readonly<Record<string, unknown>>;

/** A block that may occur once or often is written as one object or as a list of them. */
export function list(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as unknown[]) : [value];
}

export function asRecord(value: unknown): Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Values) : {};
}

/** Plans have an empty text where nothing was said. */
export function text(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function texts(value: unknown): string[] {
  return list(value).map((one) => text(one) ?? '');
}

/** Whatever is not surely off. */
export function isOn(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}

export function amount(value: unknown): number {
  const number = Number(value ?? 0);
  return Number.isFinite(number) ? number : 0;
}
