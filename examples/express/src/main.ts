import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { createMasker } from '@parapet/privacy'
import { createApp } from './app.js'
import { readSettings } from './settings.js'
import { createUsers, DEMO_PEOPLE } from './users.js'

const { host, port, guard: options } = readSettings(process.env)
// what people type ends up in URLs and headers: events leave without it
const { app, guard } = createApp({ ...options, masker: createMasker() }, await createUsers(DEMO_PEOPLE))

const server = app.listen(port, host, (error?: Error) => {
  if (error !== undefined) {
    process.stderr.write(`The application cannot listen on ${host}:${port}: ${error.message}\n`)
    process.exit(1)
  }
  const address = server.address() as AddressInfo
  process.stdout.write(`Lantern Books listens on http://${host.includes(':') ? `[${host}]` : host}:${address.port}\n`)
})

const stop = (): void => {
  server.close(() => {
    void guard.close().then(() => process.exit(0))
  })
  server.closeIdleConnections()
  // connections that stay open must not keep it from ending
  setTimeout(() => server.closeAllConnections(), 3_000).unref()
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
