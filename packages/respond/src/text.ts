/** One line of text without control, format (bidi) or separating characters, cut to `max` UTF-16 code units with an ellipsis. */
export const oneLine = (text: string, max: number): string => {
  const clean = text
    .slice(0, max * 2)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\s]+/gu, ' ')
    .trim()
  if (clean.length <= max) return clean
  return `${clean
    .slice(0, max - 1)
    .replace(/\p{Cs}$/u, '')
    .trimEnd()}…`
}
