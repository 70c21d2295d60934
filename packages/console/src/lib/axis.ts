/** What stands under a chart: `most` starts of bars at equal distances, each with its place from the left, 0 to 1. */
export const axis = (
  buckets: readonly { readonly at: number }[],
  most: number,
): readonly { readonly at: number; readonly share: number }[] => {
  const every = Math.max(1, Math.ceil(buckets.length / most))
  return buckets.flatMap(({ at }, index) => (index % every === 0 ? [{ at, share: index / buckets.length }] : []))
}
