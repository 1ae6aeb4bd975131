/** How many of sorted `items` come before the first that `belongs` does not hold for: found in O(log n). */
export function countLeading<T>(items: readonly T[], belongs: (item: T) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (belongs(items[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}
