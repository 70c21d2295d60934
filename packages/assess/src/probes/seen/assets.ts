import type { ProbeClient } from '../../client/types.js'
import type { ProbeContext } from '../../probe.js'
import { readTags } from './page.js'
import { see, type Seen } from './seen.js'

const MOST = 20

/** The addresses of files of this origin that a page loads: scripts, styles, pictures. */
export const assetsOf = (html: string, origins: readonly string[]): readonly string[] => {
  const found = new Set<string>()
  const [home = ''] = origins
  for (const { name, attributes } of readTags(html).tags) {
    const address = name === 'script' || name === 'img' ? attributes['src'] : name === 'link' ? attributes['href'] : undefined
    if (address === undefined || address.length > 500 || !URL.canParse(address, `${home}/`)) continue
    const url = new URL(address, `${home}/`)
    if (origins.includes(url.origin) && /\.[a-z\d]{1,8}$/i.test(url.pathname) && found.size < MOST) found.add(url.pathname)
  }
  return [...found]
}

/** The home page, and the files of the target: those declared, and those that the home page and the sign-in page load. */
export const findAssets = async (
  context: ProbeContext,
  client: Pick<ProbeClient, 'name' | 'send'>,
): Promise<{ readonly home: Seen; readonly assets: readonly string[] }> => {
  const { pages, signIn } = context.target
  const home = await see(client, { path: '/' }, 200_000)
  const found = new Set<string>(pages?.assets ?? [])
  const origins = [context.origin, context.publicOrigin]
  for (const path of assetsOf(home.text, origins)) found.add(path)
  if (signIn?.page !== undefined)
    for (const path of assetsOf((await see(client, { path: signIn.page }, 200_000)).text, origins)) found.add(path)
  return { home, assets: [...found].slice(0, MOST) }
}

/** The folders above a path, nearest first, each with a slash at its end; the root is none. */
export const foldersOf = (path: string): readonly string[] => {
  const segments = path.split(/[?#]/, 1)[0]?.split('/').slice(1, -1) ?? []
  return segments.map((_, i) => `/${segments.slice(0, segments.length - i).join('/')}/`)
}
