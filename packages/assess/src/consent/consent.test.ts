import { assessmentLine, isParapetError, randomToken } from '@parapet/core'
import { afterEach, describe, expect, it } from 'vitest'
import { serve } from '../fixtures/serve.js'
import { runAttack } from '../run/run-attack.js'
import { placeOf } from './addresses.js'
import { checkConsent, readOrigin } from './consent.js'

const open: { close: () => Promise<void> }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

const NOW = 1_700_000_000_000
const TOKEN = randomToken()
const resolving = (...addresses: readonly string[]) => ({ clock: () => NOW, resolve: () => Promise.resolve(addresses) })

const codeOf = async (asking: Promise<unknown>): Promise<string> => {
  try {
    await asking
    return 'given'
  } catch (error) {
    return isParapetError(error) ? `${error.code}: ${error.detail}` : String(error)
  }
}

describe('which addresses need no consent', () => {
  it.each([
    ['127.0.0.1', 'loopback'],
    ['127.9.9.9', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['fd00::1', 'private'],
    ['172.32.0.1', 'elsewhere'],
    ['11.0.0.1', 'elsewhere'],
    // where clouds keep their keys
    ['169.254.169.254', 'elsewhere'],
    ['fe80::1', 'elsewhere'],
    ['100.64.0.1', 'elsewhere'],
    ['0.0.0.0', 'elsewhere'],
    ['::', 'elsewhere'],
    ['8.8.8.8', 'elsewhere'],
    ['2606:4700::1', 'elsewhere'],
    ['not an address', 'elsewhere'],
    ['', 'elsewhere'],
  ])('%s is %s', (address, place) => {
    expect(placeOf(address)).toBe(place)
  })
})

describe('consent', () => {
  it('of this machine and of private addresses is not asked for', async () => {
    expect(await checkConsent({ origin: 'http://localhost:3000' }, resolving('127.0.0.1'))).toEqual({
      by: 'loopback',
      address: '127.0.0.1',
      origin: 'http://localhost:3000',
    })
    expect(await checkConsent({ origin: 'http://intranet' }, resolving('10.0.0.7'))).toMatchObject({ by: 'private', address: '10.0.0.7' })
  })

  it('of a public host needs a token', async () => {
    expect(await codeOf(checkConsent({ origin: 'https://example.com' }, resolving('93.184.216.34')))).toMatch(
      /^PPT_ATTACK_CONSENT: .*no token/,
    )
  })

  it('is refused to a name that leads here and elsewhere at once', async () => {
    for (const mix of [
      ['127.0.0.1', '93.184.216.34'],
      ['93.184.216.34', '10.0.0.1'],
    ])
      expect(await codeOf(checkConsent({ origin: 'http://rebind.example', token: TOKEN }, resolving(...mix)))).toMatch(
        /^PPT_ATTACK_CONSENT: .*at once/,
      )
  })

  it('is told apart from a name that leads nowhere', async () => {
    expect(await codeOf(checkConsent({ origin: 'http://nowhere.example' }, resolving()))).toMatch(/^PPT_ATTACK_UNREACHABLE/)
    const failing = { clock: () => NOW, resolve: () => Promise.reject(new Error('ENOTFOUND')) }
    expect(await codeOf(checkConsent({ origin: 'http://nowhere.example' }, failing))).toMatch(/^PPT_ATTACK_UNREACHABLE/)
  })

  it('takes no token that could not be one, and does not repeat it', async () => {
    const said = await codeOf(checkConsent({ origin: 'http://localhost', token: 'hunter2' }, resolving('127.0.0.1')))
    expect(said).toMatch(/^PPT_USAGE/)
    expect(said).not.toContain('hunter2')
  })

  it('goes to the address that answers when a name of this machine has two', async () => {
    const server = await serve((_request, response) => void response.end('ok'))
    open.push(server)
    expect(await checkConsent({ origin: `http://localhost:${server.port}` }, resolving('::1', '127.0.0.1'))).toMatchObject({
      address: '127.0.0.1',
    })
  })
})

/**
 * A public host cannot be had in a test: what is checked here is what it answers. 0.0.0.0 counts as elsewhere, and on Linux a connection to
 * it arrives at this machine.
 */
describe.runIf(process.platform === 'linux')('the text of a host', () => {
  const publishing = async (status: number, text: string): Promise<string> => {
    const server = await serve((request, response) => {
      if (request.path !== '/.well-known/parapet-assessment') return void response.writeHead(404).end()
      return void response.writeHead(status, status === 302 ? { location: 'https://elsewhere.example/' } : {}).end(text)
    })
    open.push(server)
    return codeOf(checkConsent({ origin: `http://host.example:${server.port}`, token: TOKEN }, resolving('0.0.0.0')))
  }

  it('gives consent with the hash of the token', async () => {
    expect(await publishing(200, assessmentLine(TOKEN, NOW + 1_000_000))).toBe('given')
  })

  it.each<[string, number, string, RegExp]>([
    ['of another token', 200, assessmentLine(randomToken(), NOW + 1_000_000), /does not show the hash/],
    ['that has expired', 200, assessmentLine(TOKEN, NOW - 1_000_000), /ended at 2023-11/],
    ['with the token itself instead of its hash', 200, TOKEN, /does not show the hash/],
    ['that is a page for everything', 200, '<html>hello</html>', /does not show the hash/],
    ['that is not there', 404, '', /status 404/],
    ['that is elsewhere', 302, assessmentLine(TOKEN, NOW + 1_000_000), /status 302/],
  ])('gives none %s', async (_name, status, text, says) => {
    const said = await publishing(status, text)
    expect(said).toMatch(/^PPT_ATTACK_CONSENT/)
    expect(said).toMatch(says)
    expect(said).not.toContain(TOKEN)
  })
})

describe('a run', () => {
  it('does not send a byte to a host without consent', async () => {
    const seen: string[] = []
    const server = await serve((request, response) => {
      seen.push(request.path)
      response.end()
    })
    open.push(server)
    const asking = runAttack(
      { url: `http://host.example:${server.port}`, target: {}, probes: [] },
      { resolve: () => Promise.resolve(['0.0.0.0']) },
    )
    expect(await codeOf(asking)).toMatch(/^PPT_ATTACK_CONSENT/)
    expect(seen).toEqual([])
  })

  it('stays with the address that the name had first, whatever it leads to later', async () => {
    const server = await serve((_request, response) => void response.end('<title>x</title>'))
    open.push(server)
    let asked = 0
    const resolve = (): Promise<readonly string[]> => Promise.resolve(asked++ === 0 ? ['127.0.0.1'] : ['93.184.216.34'])
    const report = await runAttack({ url: `http://rebind.example:${server.port}`, target: {}, probes: [] }, { resolve })
    expect(report).toMatchObject({ state: 'complete', consent: 'loopback' })
    expect(asked).toBe(1)
  })

  it.each(['ftp://localhost', 'localhost:3000', 'http://', 'http://anna:secret@localhost', ''])(
    'refuses what is no URL to attack: %s',
    (url) => {
      expect(() => readOrigin(url)).toThrow(expect.objectContaining({ code: 'PPT_USAGE' }))
    },
  )
})
