import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A site that is not the target's, for pages that attack it from a browser. */
export type OtherSite = { readonly origin: string; readonly seen: () => readonly string[]; readonly close: () => Promise<void> }

const MOST_SEEN = 1_000

/** Serves pages (path -> HTML) on loopback, under a name that is another site than the target's: `127.0.0.1`, or `localhost` beside an address. */
export const openOtherSite = async (pages: Readonly<Record<string, string>>, targetHost: string): Promise<OtherSite> => {
  const seen: string[] = []
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    if (seen.length < MOST_SEEN) seen.push(`${request.method} ${request.url}`)
    request.resume()
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined
    response
      .writeHead(page === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
      .end(page)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const name = targetHost === '127.0.0.1' ? 'localhost' : '127.0.0.1'
  return {
    origin: `http://${name}:${(server.address() as AddressInfo).port}`,
    seen: () => [...seen],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
