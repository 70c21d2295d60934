import { createServer } from 'node:net'
import { ParapetError } from '@parapet/core'

/** The error for a port that cannot be listened on; other errors come back as they are. */
export const toPortError = (error: unknown, host: string, port: number): unknown => {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'EADDRINUSE') return new ParapetError('PPT_PORT_BUSY', `${host}:${port}`, { cause: error })
  if (code === 'EACCES')
    return new ParapetError('PPT_CONFIG_INVALID', `port ${port} needs rights that this user lacks; set PARAPET_PORT above 1023`, {
      cause: error,
    })
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new ParapetError('PPT_CONFIG_INVALID', `host ${host} is no address of this machine`, { cause: error })
  return error
}

/** Checks that the port is free before a database starts work for nothing. Throws `PPT_PORT_BUSY` or `PPT_CONFIG_INVALID`. */
export const assertPortFree = async (host: string, port: number): Promise<void> => {
  const probe = createServer()
  try {
    await new Promise<void>((done, failed) => {
      probe.once('error', failed)
      probe.listen({ host, port, exclusive: true }, done)
    })
  } catch (error) {
    throw toPortError(error, host, port)
  }
  await new Promise<void>((done) => probe.close(() => done()))
}
