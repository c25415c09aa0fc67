/** Classes whose instances keep their value out of sight, and give it as text. */
const TEXTUAL = new Set<unknown>([
  Intl.Locale.prototype,
  RegExp.prototype,
  URL.prototype,
  URLSearchParams.prototype,
  ...temporalPrototypes(),
]);

/** The prototype behind `Uint8Array`, `Float64Array` and the others. */
const TypedArray: unknown = Object.getPrototypeOf(Uint8Array);

/**
 * Says whether two values are equal all the way down.
 *
 * `NaN` equals itself and `0` equals `-0`. Objects are equal if they have the same prototype (one
 * with none counts as plain) and the same keys with equal values, symbols included; a key with the
 * value `undefined` is not a missing key. Dates, regular expressions, URLs, typed arrays, buffers,
 * sets and maps are compared by what they hold, and references to themselves are followed once.
 *
 * @param a One value.
 * @param b The other.
 * @returns Whether they are equal.
 * @throws {TypeError} If a `WeakMap` or `WeakSet` has to be compared with another one.
 */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}

function compare(a: unknown, b: unknown, seen: Map<object, object>): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (
    typeof a !== "object" || typeof b !== "object" || a === null || b === null
  ) return false;
  if (a instanceof Date && b instanceof Date) {
    return Object.is(a.getTime(), b.getTime());
  }
  if (plainPrototype(a) !== plainPrototype(b)) return false;
  const bytesA = elements(a);
  const bytesB = elements(b);
  if (bytesA && bytesB) return sameElements(bytesA, bytesB);
  if (a instanceof WeakMap) {
    throw new TypeError("Cannot compare WeakMap instances");
  }
  if (a instanceof WeakSet) {
    throw new TypeError("Cannot compare WeakSet instances");
  }
  if (a instanceof WeakRef && b instanceof WeakRef) {
    return compare(a.deref(), b.deref(), seen);
  }
  if (seen.get(a) === b) return true;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  seen.set(a, b);
  if (a instanceof Set && b instanceof Set) return sameMembers(a, b, seen);
  if (a instanceof Map && b instanceof Map) return sameEntries(a, b, seen);
  if (TEXTUAL.has(Object.getPrototypeOf(a))) return String(a) === String(b);
  return sameProperties(a, b, seen);
}

/** An object's prototype, where an object without one counts as a plain object. */
function plainPrototype(value: object): unknown {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

/** The elements of a typed array or the bytes of a buffer, undefined for anything else. */
function elements(value: object): ArrayLike<number | bigint> | undefined {
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
    return new Uint8Array(value);
  }
  return isTypedArray(value) ? value : undefined;
}

function isTypedArray(value: object): value is Uint8Array | BigUint64Array {
  return typeof TypedArray === "function" && value instanceof TypedArray;
}

function sameElements(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    if (a[index] !== b[index] && !Object.is(a[index], b[index])) return false;
  }
  return true;
}

function sameMembers(
  a: Set<unknown>,
  b: Set<unknown>,
  seen: Map<object, object>,
): boolean {
  if (a.size !== b.size) return false;
  if ([...a].every(isPrimitive)) return a.isSubsetOf(b);
  const others = [...b];
  return [...a].every((member) => others.some((other) => compare(member, other, seen)));
}

function sameEntries(
  a: Map<unknown, unknown>,
  b: Map<unknown, unknown>,
  seen: Map<object, object>,
): boolean {
  if (a.size !== b.size) return false;
  const entries = [...a];
  if (entries.every(([key]) => isPrimitive(key))) {
    return entries.every(([key, value]) => b.has(key) && compare(value, b.get(key), seen));
  }
  const others = [...b];
  return entries.every(([key, value]) =>
    others.some(([otherKey, other]) => compare(key, otherKey, seen) && compare(value, other, seen))
  );
}

function sameProperties(
  a: object,
  b: object,
  seen: Map<object, object>,
): boolean {
  for (const key of new Set([...comparedKeys(a), ...comparedKeys(b)])) {
    if (
      key in a !== key in b ||
      !compare(Reflect.get(a, key), Reflect.get(b, key), seen)
    ) {
      return false;
    }
  }
  return true;
}

/** A plain object's or array's own visible keys; for an instance of a class, those of its classes too. */
function comparedKeys(value: object): Set<string | symbol> {
  const plain = plainPrototype(value);
  if (plain === Object.prototype || plain === Array.prototype) {
    const isVisible = (key: string | symbol) =>
      Object.prototype.propertyIsEnumerable.call(value, key);
    return new Set(Reflect.ownKeys(value).filter(isVisible));
  }
  const keys = new Set<string | symbol>();
  let current: object | null = value;
  while (
    current !== null && current !== Object.prototype &&
    current !== Array.prototype
  ) {
    for (const key of Reflect.ownKeys(current)) keys.add(key);
    current = Object.getPrototypeOf(current);
  }
  return keys;
}

function isPrimitive(value: unknown): boolean {
  return value === null ||
    typeof value !== "object" && typeof value !== "function";
}

/** The prototypes of Temporal's classes, none where the engine has no Temporal. */
function temporalPrototypes(): unknown[] {
  const temporal: unknown = Reflect.get(globalThis, "Temporal");
  if (typeof temporal !== "object" || temporal === null) return [];
  return Reflect.ownKeys(temporal)
    .map((name): unknown => Reflect.get(temporal, name))
    .filter((member) => typeof member === "function")
    .map((member): unknown => member.prototype);
}
