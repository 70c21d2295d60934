/** Bytes of one probe's facts, as JSON, that a report keeps. */
const LARGEST_FACTS = 262_144

/**
 * Facts as they are kept in a report: plain JSON without the declared secrets, or undefined when they are too large or no JSON. Their
 * cookies are of sessions that were signed out.
 */
export const keepFacts = (facts: unknown, secrets: readonly string[]): { readonly facts: unknown } | undefined => {
  let text: string | undefined
  try {
    text = JSON.stringify(facts)
  } catch {
    return undefined
  }
  if (text === undefined || text.length > LARGEST_FACTS) return undefined
  for (const secret of secrets) {
    // as JSON writes it, so that what is put in its place leaves valid JSON
    const written = JSON.stringify(secret).slice(1, -1)
    if (written.length >= 6) text = text.replaceAll(written, '[test secret]')
  }
  return { facts: JSON.parse(text) as unknown }
}
