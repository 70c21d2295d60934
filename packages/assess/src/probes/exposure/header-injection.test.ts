import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { TestServer } from '../../fixtures/serve.js'
import type { Target } from '../../target/target.js'
import { brief, runProbe } from '../seen/fixtures/run-probe.js'
import { headerInjection, LINE_ENDS } from './header-injection.js'

type Habit = 'sound' | 'naive' | 'low-bytes' | 'mute' | 'garbage' | 'limits'

/** A server that writes heads by hand, as those with this fault do: Node’s own functions refuse line ends. */
const open = async (habit: Habit): Promise<TestServer> => {
  const server = createServer((socket) => {
    let came = ''
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      came += chunk.toString('latin1')
      if (!came.includes('\r\n\r\n')) return
      const [, target = '/'] = came.split('\r\n', 1)[0]?.split(' ') ?? []
      const raw = came.startsWith('POST') ? (came.split('next=').at(-1) ?? '') : (target.split('next=')[1] ?? '')
      let value = '/'
      try {
        value = decodeURIComponent(raw)
      } catch {
        // stays as it was
      }
      const text = habit === 'naive' ? value : habit === 'low-bytes' ? Buffer.from(value, 'latin1').toString('latin1') : encodeURI(value)
      if (habit === 'garbage' && raw.includes('%0d')) {
        socket.end('what?\r\n\r\n')
        return
      }
      if (habit === 'limits') {
        socket.end('HTTP/1.1 429 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
        return
      }
      const location = habit === 'mute' || raw === '' ? '' : `Location: ${text}\r\n`
      socket.end(`HTTP/1.1 ${location === '' ? 200 : 302} X\r\n${location}Content-Length: 0\r\nConnection: close\r\n\r\n`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { port, origin: `http://127.0.0.1:${port}`, close: () => new Promise((resolve) => server.close(() => resolve())) }
}

const TARGET: Target = { redirects: [{ path: '/go', parameter: 'next' }] }

describe('line ends in parameters', () => {
  it('passes a redirect that encodes them, because the honest value shows', async () => {
    const verdicts = await runProbe(headerInjection, TARGET, await open('sound'))
    expect(verdicts[0]).toMatchObject({
      verdict: 'pass',
      locator: '/go?next',
      control: expect.stringContaining('an honest value shows in location'),
    })
    expect(brief(verdicts)).toEqual(['pass /go?next', 'pass / (the address)'])
  })

  it('finds the header that really comes', async () => {
    const [found] = await runProbe(headerInjection, TARGET, await open('naive'))
    expect(found).toMatchObject({
      verdict: 'fail',
      locator: '/go?next',
      says: expect.stringMatching(/^CR LF in \/go\?next begins a header of the attacker’s own \(x-ppt[\da-f]{16}\)$/),
    })
  })

  it('finds characters that end in CR LF when they are cut to bytes', async () => {
    const [found] = await runProbe(headerInjection, TARGET, await open('low-bytes'))
    expect(found).toMatchObject({ verdict: 'fail' })
  })

  it.each([
    ['mute', 'inconclusive'],
    ['garbage', 'inconclusive'],
    ['limits', 'inconclusive'],
  ] satisfies [Habit, string][])('says nothing sure of a target that is %s', async (habit, verdict) => {
    expect((await runProbe(headerInjection, TARGET, await open(habit)))[0]).toMatchObject({ verdict, locator: '/go?next' })
  })

  it('tries a parameter behind the sign-in with the account’s own password, or says what is missing', async () => {
    const redirects = [{ path: '/sign-in', parameter: 'next', at: 'sign-in' as const }]
    expect((await runProbe(headerInjection, { redirects }, await open('naive')))[0]).toMatchObject({
      verdict: 'skipped',
      locator: '/sign-in?next',
    })
    const target: Target = {
      redirects,
      accounts: { a: { name: 'anna', password: 'secret' } },
      signIn: {
        request: { method: 'POST', path: '/sign-in', form: { name: '{{name}}', password: '{{password}}', next: '/' } },
        proof: '/me',
      },
    }
    expect((await runProbe(headerInjection, target, await open('naive')))[0]).toMatchObject({ verdict: 'fail', locator: '/sign-in?next' })
  })

  it('are written in many ways, each once', () => {
    expect(new Set(LINE_ENDS.map(([, end]) => end)).size).toBe(LINE_ENDS.length)
  })
})
