import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** A TCP port on loopback that nobody listens on right now. */
export const freePort = async (): Promise<number> => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
