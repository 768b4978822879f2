/** Splits an object in two: what it has of `keys`, and the rest. */
export function partition<T extends object, Key extends keyof T>(
  object: T,
  keys: readonly Key[],
): [Pick<T, Key>, Omit<T, Key>] {
  const named = new Set<PropertyKey>(keys);
  const pick = (isNamed: boolean) =>
    Object.fromEntries(Object.entries(object).filter(([key]) => named.has(key) === isNamed));
  return [pick(true) as Pick<T, Key>, pick(false) as Omit<T, Key>];
}
