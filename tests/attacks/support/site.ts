import { createServer, type Server, type ServerOptions } from 'node:https'
import type { RequestListener } from 'node:http'
import { freePort, type SelfSigned } from '@parapet/testkit'

/** An application behind TLS on `https://localhost`, as the kit attacks it. */
export type Site = { readonly origin: string; readonly close: () => Promise<void> }

/** What a site is made of: built when its origin is known. */
export type Built = { readonly app: RequestListener; readonly server?: ServerOptions; readonly close: () => Promise<void> }

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve())
  })

/** Builds an application for a free port and serves it there. */
export const openSite = async (certificate: Pick<SelfSigned, 'key' | 'cert'>, build: (origin: string) => Promise<Built>): Promise<Site> => {
  const port = await freePort()
  const origin = `https://localhost:${port}`
  const built = await build(origin)
  const server = createServer({ ...built.server, ...certificate }, built.app)
  await listen(server, port)
  return {
    origin,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await built.close()
    },
  }
}
