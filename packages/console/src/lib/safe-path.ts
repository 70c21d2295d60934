const ANYWHERE = 'http://console.invalid'

/**
 * A path of this site, or `fallback`. What comes from the URL (`next`) or the server (`href`) must not send the
 * operator to another site: `//evil`, `/\evil`, `javascript:` and control characters are refused.
 */
export const safePath = (text: string | null | undefined, fallback: string): string => {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (text === null || text === undefined || !text.startsWith('/') || /[\u0000-\u0020\\\u007f]/.test(text)) return fallback
  try {
    const url = new URL(text, ANYWHERE)
    return url.origin === ANYWHERE ? url.pathname + url.search + url.hash : fallback
  } catch {
    return fallback
  }
}

/** A reference that may be a link: http or https, nothing else. */
export const safeReference = (text: string): string | undefined => {
  try {
    const url = new URL(text)
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined
  } catch {
    return undefined
  }
}
