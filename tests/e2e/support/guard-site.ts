import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import process from 'node:process'
import { createGuard, type GuardOptions } from '@parapet/guard'
import { node } from '@parapet/guard/node'

/** A site with a guard, for tests of addresses: it signs in `user<n>` with `pw-user<n>` and tells who it takes a client for. */
const [port = '3000', host = '127.0.0.1', topology = '"direct"', origin = 'http://localhost'] = process.argv.slice(2)

const guard = createGuard({
  clientAddress: JSON.parse(topology) as GuardOptions['clientAddress'],
  publicOrigins: [origin],
  secret: 'a secret of this test site, 0123456789',
  requestEvents: false,
  onDiagnostic: () => undefined,
})
let checked = 0

const form = async (request: IncomingMessage): Promise<URLSearchParams> => {
  let text = ''
  for await (const chunk of request) text = (text + String(chunk)).slice(0, 4_096)
  return new URLSearchParams(text)
}

const signIn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const fields = await form(request)
  const subject = fields.get('username') ?? ''
  const verdict = await guard.login.attempt({ subject, method: 'password', request }, () => {
    checked++
    return fields.get('password') === `pw-${subject}`
  })
  if (verdict.kind === 'ok') response.setHeader('Set-Cookie', verdict.cookies)
  // the body is the same for all that is refused; the header is for the figures of the test, and no site may send it
  response.setHeader('x-verdict', verdict.kind)
  response.writeHead(verdict.kind === 'ok' ? 200 : 401).end(verdict.kind === 'ok' ? 'welcome' : 'wrong')
}

const server = createServer(
  node(guard)(async (request, response) => {
    if (request.method === 'POST' && request.url === '/login') return signIn(request, response)
    if (request.url === '/checked') return void response.end(String(checked))
    response.end(JSON.stringify(guard.of(request)?.client))
  }),
)
server.listen(Number(port), host, () => process.stdout.write(`listening on ${port}\n`))
