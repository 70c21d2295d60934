import { type AddressInfo, createServer } from 'node:net'
import { DAY, MINUTE } from '@parapet/core'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { createStanding } from './addresses.js'
import { makeCertificate, type Receiver, type Reply, startReceiver } from './fixtures/receiver.js'
import { createOutbound, readRetryAfter } from './outbound.js'

const LOOPBACK = { allowPrivate: ['127.0.0.0/8', '::1'] }
const open: Receiver[] = []
const start = async (reply?: Reply, tls?: { key: string; cert: string }): Promise<Receiver> => {
  const receiver = await startReceiver(reply, tls)
  open.push(receiver)
  return receiver
}
afterEach(async () => {
  for (const receiver of open.splice(0)) await receiver.close()
})
const detailOf = (result: { readonly kind: string; readonly detail?: string }): string =>
  result.kind === 'failed' ? (result.detail ?? '') : ''

describe('addresses that channels may not reach', () => {
  const standing = createStanding([])
  it.each([
    '127.0.0.1', '0.0.0.0', '10.1.2.3', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '192.0.0.8', '198.18.0.1', '224.0.0.1',
    '255.255.255.255', '::', '::1', 'fe80::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '2001:db8::1', '::ffff:127.0.0.1', '::ffff:169.254.169.254',
    '64:ff9b::7f00:1', '2002:7f00:1::', '2001::1', '100::1', 'not an address', '',
  ])('%s', (address) => {
    expect(standing(address)).toBe('refused')
  }) // prettier-ignore

  it('are not those of the internet', () => {
    for (const address of ['1.1.1.1', '9.9.9.9', '2606:4700:4700::1111', '172.32.0.1', '100.128.0.1'])
      expect(standing(address)).toBe('public')
  })

  it('are opened by range, and the metadata of clouds only by a range of its own', () => {
    const wide = createStanding(['0.0.0.0/0', '::/0'])
    expect(wide('10.0.0.1')).toBe('allowed')
    expect(wide('fc00::1')).toBe('allowed')
    for (const metadata of ['169.254.169.254', 'fd00:ec2::254', 'fe80::1']) expect(wide(metadata)).toBe('refused')
    expect(createStanding(['169.254.169.254'])('169.254.169.254')).toBe('allowed')
    expect(createStanding(['10.0.0.0/8'])('192.168.0.1')).toBe('refused')
  })

  it('are refused in whatever way an IPv4 address is written as IPv6', () => {
    const octet = fc.integer({ min: 0, max: 255 })
    fc.assert(
      fc.property(octet, octet, octet, (b, c, d) => {
        for (const a of [10, 127]) {
          const hex = (x: number, y: number): string => (x * 256 + y).toString(16)
          expect(standing(`::ffff:${a}.${b}.${c}.${d}`)).toBe('refused')
          expect(standing(`::ffff:${hex(a, b)}:${hex(c, d)}`)).toBe('refused')
          expect(standing(`2002:${hex(a, b)}:${hex(c, d)}::1`)).toBe('refused')
        }
      }),
      { seed: 3, numRuns: 200 },
    )
  })
})

describe('a request to somebody else', () => {
  it('arrives as it was written, and its answer comes back', async () => {
    const receiver = await start({ status: 202, body: '{"id":"7"}' })
    const outbound = createOutbound(LOOPBACK)
    const result = await outbound.send({
      method: 'PUT',
      url: `${receiver.url}/a/b?c=d`,
      headers: { authorization: 'Bearer x' },
      body: 'ünï',
    })
    expect(result).toEqual({ kind: 'answer', status: 202, body: '{"id":"7"}', retryAfterMs: null })
    expect(receiver.received).toMatchObject([
      {
        method: 'PUT',
        path: '/a/b?c=d',
        body: 'ünï',
        headers: { authorization: 'Bearer x', 'user-agent': 'Parapet', 'content-length': '5' },
      },
    ])
  })

  it('is not made into a private network, by whatever name or writing', async () => {
    const receiver = await start()
    const outbound = createOutbound({ allowPrivate: [] })
    const { port } = receiver
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1', '0177.0.0.1', '127.1', '0'])
      expect(detailOf(await outbound.send({ method: 'POST', url: `http://${host}:${port}/` })), host).toMatch(
        /private network.*allowPrivate/,
      )
    expect(receiver.received).toEqual([])
  })

  it('is not made when one address of several is inside', async () => {
    const outbound = createOutbound({
      allowPrivate: [],
      resolve: async () => [{ address: '93.184.215.14', family: 4 }, { address: '10.0.0.1', family: 4 }], // prettier-ignore
    })
    expect(detailOf(await outbound.send({ method: 'POST', url: 'https://two-faced.example/' }))).toContain('private network')
  })

  it('looks its name up once: a name that changes its address afterwards gains nothing', async () => {
    const receiver = await start({ body: 'first' })
    let asked = 0
    const outbound = createOutbound({
      ...LOOPBACK,
      resolve: async () => [{ address: ++asked === 1 ? '127.0.0.1' : '10.255.255.1', family: 4 }],
    })
    expect(await outbound.send({ method: 'GET', url: `http://changes.example:${receiver.port}/` })).toMatchObject({ body: 'first' })
    expect(asked).toBe(1)
    expect(receiver.received[0]?.headers.host).toBe(`changes.example:${receiver.port}`)
  })

  it('follows no redirect', async () => {
    const other = await start()
    const receiver = await start({ status: 307, headers: { location: `${other.url}/stolen` } })
    expect(await createOutbound(LOOPBACK).send({ method: 'POST', url: receiver.url, body: 'secret' })).toMatchObject({
      kind: 'answer',
      status: 307,
    })
    expect(other.received).toEqual([])
  })

  it('goes in clear only where the operator said so', async () => {
    const outbound = createOutbound({ allowPrivate: [], resolve: async () => [{ address: '93.184.215.14', family: 4 }] })
    expect(detailOf(await outbound.send({ method: 'POST', url: 'http://chat.example/' }))).toContain('use https')
  })

  it('takes no address that is none, holds a password, or is for another program', async () => {
    const outbound = createOutbound(LOOPBACK)
    for (const url of ['', 'no', 'ftp://127.0.0.1/', 'file:///etc/passwd', 'http://u:p@127.0.0.1/', 'javascript:1'])
      expect(await outbound.send({ method: 'GET', url })).toMatchObject({ kind: 'failed', retry: false })
  })
})

describe('a server that behaves badly', () => {
  const outbound = createOutbound(LOOPBACK)
  const send = (url: string, timeoutMs = 300) => outbound.send({ method: 'POST', url, body: '{}', timeoutMs })

  it('that hangs before its answer is left in time', async () => {
    const receiver = await start((_request, _response) => undefined)
    const began = performance.now()
    expect(await send(receiver.url)).toMatchObject({ kind: 'failed', retry: true, detail: expect.stringMatching(/did not answer within/) })
    expect(performance.now() - began).toBeLessThan(5_000)
  })

  it('that hangs within its answer, a byte at a time, is left in time', async () => {
    const receiver = await start((_request, response) => {
      response.writeHead(200)
      const timer = setInterval(() => response.write('.'), 20)
      response.on('close', () => clearInterval(timer))
    })
    expect(await send(receiver.url)).toMatchObject({ kind: 'failed', retry: true })
  })

  it('that sends without end is read a little, and left', async () => {
    let written = 0
    const receiver = await start((_request, response) => {
      const flood = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) written += 65_536
      }
      response.on('drain', flood)
      flood()
    })
    const result = await send(receiver.url, 5_000)
    expect(result.kind === 'answer' ? result.body.length : 0).toBe(16_384)
    expect(written).toBeLessThan(64 * 1_024 * 1_024)
  })

  it('that cuts the connection, or is not there, is named in words', async () => {
    const receiver = await start((request) => void request.socket.destroy())
    expect(detailOf(await send(receiver.url))).toMatch(/cut by the other side/)
    const gone = createServer().listen(0, '127.0.0.1')
    await new Promise((done) => gone.once('listening', done))
    const { port } = gone.address() as AddressInfo
    await new Promise((done) => gone.close(done))
    expect(detailOf(await send(`http://127.0.0.1:${port}`))).toMatch(/nobody listens there/)
  })

  it('that speaks no HTTP is no answer', async () => {
    const odd = createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n')).listen(0, '127.0.0.1')
    await new Promise((done) => odd.once('listening', done))
    expect(await send(`http://127.0.0.1:${(odd.address() as AddressInfo).port}`)).toMatchObject({ kind: 'failed', retry: true })
    odd.close()
  })

  it('says when to come again, and no more than a day is believed', async () => {
    const receiver = await start({ status: 429, headers: { 'retry-after': '120' } })
    expect(await send(receiver.url)).toMatchObject({ status: 429, retryAfterMs: 2 * MINUTE })
    expect(readRetryAfter('999999999', 0)).toBe(DAY)
    expect(readRetryAfter('Thu, 01 Jan 1970 00:01:00 GMT', 0)).toBe(MINUTE)
    expect(readRetryAfter('Thu, 01 Jan 1970 00:01:00 GMT', DAY)).toBe(0)
    for (const odd of ['', 'soon', '-5', '1e9', undefined]) expect(readRetryAfter(odd, 0)).toBeNull()
  })
})

describe('a certificate', () => {
  const own = makeCertificate('localhost')
  const foreign = makeCertificate('elsewhere.example')

  it('that nobody vouches for is refused, with words that say what to do', async () => {
    const receiver = await start({}, own)
    const result = await createOutbound(LOOPBACK).send({ method: 'POST', url: receiver.url })
    expect(result).toMatchObject({ kind: 'failed', retry: true })
    expect(detailOf(result)).toMatch(/signed by itself.*NODE_EXTRA_CA_CERTS/)
    expect(receiver.received).toEqual([])
  })

  it('that is for another name is refused, and the right one is taken: the name is checked, not the pinned address', async () => {
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
    const wrong = await start({}, foreign)
    const bad = createOutbound({ ...LOOPBACK, resolve, ca: foreign.cert })
    expect(detailOf(await bad.send({ method: 'GET', url: `https://localhost:${wrong.port}/` }))).toMatch(/for another name/)
    const right = await start({ body: 'yes' }, own)
    const good = createOutbound({ ...LOOPBACK, resolve, ca: own.cert })
    expect(await good.send({ method: 'GET', url: `https://localhost:${right.port}/` })).toMatchObject({ status: 200, body: 'yes' })
  })

  it('is not asked of a server that speaks no TLS', async () => {
    const receiver = await start()
    const result = await createOutbound(LOOPBACK).send({ method: 'GET', url: `https://127.0.0.1:${receiver.port}/` })
    expect(detailOf(result)).toMatch(/TLS was not agreed on|cut by the other side/)
  })
})
