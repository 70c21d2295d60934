/**
 * Takes the one-time secret out of the address, so that it is in no history, screenshot or shared link. It is remembered: a page may be
 * drawn twice.
 */
export const createLinkTaker = (): (() => string) => {
  let taken: string | undefined
  return () => {
    const link = location.hash.slice(1)
    if (link !== '') {
      history.replaceState(null, '', location.pathname)
      taken = link
    }
    return taken ?? ''
  }
}
