/**
 * A control plane over a real database that holds so many decisions in force. Tells its port, the token of a source, a denied address and what
 * holding them took, then its CPU time whenever it is asked. Runs on the sources: `node --conditions=source --import tsx`.
 *
 *     respond-authorize.js DECISIONS
 */
import process from 'node:process'
import { createTestApp } from '../../packages/server/src/app/fixtures/test-app.ts'

const many = Number(process.argv[2])
const DAY = 86_400_000

const cpu = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}

const t = await createTestApp({ logLevel: 'silent' })
const { token } = await t.makeSource('bench')
const now = Date.now()
for (let from = 0; from < many; from += 2_000) {
  await t.services.decisions.create(
    Array.from({ length: Math.min(2_000, many - from) }, (_, i) => {
      const n = from + i
      return {
        id: `bench-${n}`, target: { kind: 'ip', value: `${11 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.7` }, action: 'deny', scope: 'all', mode: 'enforce',
        reason: 'bench', author: { kind: 'operator', id: 'o' }, batch: 'b', startsAt: now, expiresAt: now + DAY,
      } // prettier-ignore
    }),
  )
}
const headers = (client) => ({
  'parapet-token': token,
  'x-forwarded-for': client,
  'x-forwarded-method': 'GET',
  'x-forwarded-uri': '/orders?page=2',
})
const ask = async (client) => (await t.app.inject({ url: '/v1/authorize?proxy=traefik', headers: headers(client) })).statusCode
const denied = `${11 + ((many - 1) >> 16)}.${((many - 1) >> 8) & 255}.${(many - 1) & 255}.7`
while ((await ask(denied)) !== 403) await new Promise((resolve) => setTimeout(resolve, 20))
await t.app.listen({ host: '127.0.0.1', port: 0 })

process.on('message', (message) => {
  if (message === 'cpu') process.send({ cpu: cpu() })
  else if (message === 'end') void t.close().then(() => process.exit(0))
})
process.send({ port: t.app.server.address().port, headers: headers('198.51.100.1'), rss: process.memoryUsage().rss })
