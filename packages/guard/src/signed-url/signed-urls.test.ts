import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DAY, HOUR, MINUTE, type Store } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring } from '../keyring/keyring.js'
import type { GuardRequest } from '../request/guard-request.js'
import { memoryStore } from '../store/memory-store.js'
import { createSignedUrls, type SignedUrlOptions } from './signed-urls.js'
import type { SignedUrlReport, SignedUrls, SignedUrlVerdict } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const [OLD, NEW] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
const keyring = createKeyring({ keys: [NEW] })
const START = 1_795_200_000_000

type Made = { urls: SignedUrls; wait: (ms: number) => void; reports: SignedUrlReport[] }
const make = (options: Partial<SignedUrlOptions> = {}): Made => {
  let time = START
  const clock = (): number => time
  const reports: SignedUrlReport[] = []
  const report = (one: SignedUrlReport): number => reports.push(one)
  return {
    urls: createSignedUrls({ keyring, store: memoryStore({ clock }), clock, report, ...options }),
    wait: (ms) => {
      time += ms
    },
    reports,
  }
}
const said = (verdict: SignedUrlVerdict): string => (verdict.kind === 'tampered' ? verdict.reason : verdict.kind)
const request = (method: string, url: string): GuardRequest => ({ method, url, header: () => undefined, peer: undefined, secure: true })

const { urls } = make()
const signed = urls.sign({ url: '/files/42?size=big&tag=b&tag=a', expiresInMs: HOUR })

describe('a signed URL', () => {
  it('keeps its path and parameters readable and carries one more [ASVS 1.2.2]', () => {
    expect(signed).toMatch(/^\/files\/42\?size=big&tag=b&tag=a&signature=[0-9a-z]+\.\.[\w-]{8}\.[\w-]{43}$/)
    expect(urls.sign({ url: 'https://app.example/x#top', expiresInMs: HOUR })).toMatch(/^https:\/\/app\.example\/x\?signature=[\w.-]+#top$/)
    expect(urls.sign({ url: '/x', query: { q: 'a b&c', n: 1, all: ['x', 'y'], yes: true }, expiresInMs: HOUR })).toMatch(
      /^\/x\?q=a%20b%26c&n=1&all=x&all=y&yes=true&signature=/,
    )
  })

  it('is valid as it was made, also as an absolute one and in a request', async () => {
    expect(await urls.verify(signed)).toEqual({ kind: 'valid', expiresAt: START + HOUR })
    expect(said(await urls.verify(`https://app.example${signed}`))).toBe('valid')
    expect(said(await urls.verify(request('GET', signed)))).toBe('valid')
    expect(said(await urls.verify(request('GET', `https://app.example${signed}`)))).toBe('valid')
    expect(said(await urls.verify(`${signed}#part`))).toBe('valid')
  })

  it('is valid in a request of a real server', async () => {
    const verdicts: string[] = []
    const server = createServer((incoming, answer) => {
      const judge = async (): Promise<void> => {
        verdicts.push(said(await urls.verify(incoming)))
        answer.end()
      }
      void judge()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await fetch(base + signed)
    await fetch(base + signed, { method: 'HEAD' })
    await fetch(base + signed, { method: 'POST' })
    await fetch(`${base}${signed}&x=1`)
    await fetch(base + urls.sign({ url: '/Größe?q=ä b', expiresInMs: HOUR }))
    await new Promise((resolve) => server.close(resolve))
    expect(verdicts).toEqual(['valid', 'valid', 'mismatch', 'mismatch', 'valid'])
  })

  it('stays valid when a client writes it in another way that means the same', async () => {
    const one = urls.sign({ url: '/f/a%2fb~c', query: { q: 'a b', r: "it's" }, expiresInMs: HOUR })
    for (const same of [
      one.replace('%20', '+'),
      one.replace('%2F', '%2f'),
      one.replace('~', '%7e'),
      one.replace('%27', "'"),
      one.replace('q=', '%71='),
      one.replace('?q=a%20b&r=it%27s&', '?r=it%27s&q=a%20b&'),
      one.replace('&signature', '&&signature'),
      one.replace(/\?(.*)&(signature=.*)$/, '?$2&$1'),
    ])
      expect(said(await urls.verify(same))).toBe('valid')
  })

  it('is signed under a purpose of its own, by a key that it names [ASVS 9.1.3, 9.2.2]', async () => {
    const [, expires = '', , id = '', mac = ''] = /signature=(\w+)\.(.*?)\.(.*?)\.(.*)$/.exec(signed) ?? []
    const text = ['1', 'GET', '/files/42', 'size=big&tag=b&tag=a', expires, '', '-'].join('\n')
    expect(keyring.sign('guard.url', text)).toBe(`${id}.${mac}`)
    expect(said(await urls.verify(signed.replace(`${id}.${mac}`, keyring.sign('guard.device', text))))).toBe('mismatch')
  })

  it('of an older key holds after a rotation, and no longer once the key is gone', async () => {
    const before = make({ keyring: createKeyring({ keys: [OLD] }) }).urls.sign({ url: '/x', expiresInMs: HOUR })
    expect(said(await make({ keyring: createKeyring({ keys: [NEW, OLD] }) }).urls.verify(before))).toBe('valid')
    expect(said(await urls.verify(before))).toBe('mismatch')
  })
})

describe('what was changed [ASVS 9.1.1, 15.3.7]', () => {
  it.each([
    ['another path', signed.replace('/files/42', '/files/43')],
    ['another case', signed.replace('/files', '/Files')],
    ['a slash more', signed.replace('/42', '/42/')],
    ['two slashes', signed.replace('/42', '//42')],
    ['a detour', signed.replace('/files/42', '/files/x/../42')],
    ['a dot', signed.replace('/files/42', '/files/./42')],
    ['an encoded slash', signed.replace('/files/42', '/files%2F42')],
    ['a parameter of the path', signed.replace('/42', '/42;x=1')],
    ['another value', signed.replace('size=big', 'size=small')],
    ['an added parameter', `${signed}&admin=1`],
    ['one added in front', signed.replace('?', '?admin=1&')],
    ['one added without a value', `${signed}&admin`],
    ['a second value of one', signed.replace('size=big', 'size=big&size=small')],
    ['a nested value of one', signed.replace('size=big', 'size=big&size[]=small')],
    ['one left out', signed.replace('size=big&', '')],
    ['duplicates the other way round', signed.replace('tag=b&tag=a', 'tag=a&tag=b')],
    ['a value moved into the next', signed.replace('size=big&tag=b', 'size=bigtag&=b')],
    ['an ampersand that was a character', signed.replace('size=big&', 'size=big%26')],
    ['a later time', signed.replace(/signature=\w+/, `signature=${(START + 2 * HOUR).toString(36)}`)],
    ['a time spelt in another way', signed.replace(/signature=/, 'signature=0')],
    ['a mark of single use added', signed.replace('..', `.${'A'.repeat(22)}.`)],
    ['another key', signed.replace(/\.([\w-]{8})\.([\w-]{43})$/, '.AAAAAAAA.$2')],
  ])('is refused: %s', async (_, url) => {
    expect(url).not.toBe(signed)
    expect(await urls.verify(url)).toEqual({ kind: 'tampered', reason: 'mismatch' })
  })

  it.each([
    ['/files/42?size=big', 'unsigned'],
    ['/files/42', 'unsigned'],
    ['/files/42?Signature=x', 'unsigned'],
    [`${signed}&signature=x`, 'malformed'],
    [signed.replace('?', '?signature=x&'), 'malformed'],
    [signed.replace('&signature', '&%73ignature=x&signature'), 'malformed'],
    ['/files/42?signature=', 'malformed'],
    ['/files/42?signature', 'malformed'],
    ['/files/42?signature=..', 'malformed'],
    [`${signed};admin=1`, 'malformed'],
    [`${signed}&a=%`, 'malformed'],
    [`${signed}&a=%ff`, 'malformed'],
    [signed.replace('/files', '\\files'), 'malformed'],
    [`${signed}${'x'.repeat(10_000)}`, 'malformed'],
    ['', 'malformed'],
    ['*', 'malformed'],
    ['//', 'unsigned'],
  ])('%j is %s', async (url, reason) => {
    expect(await urls.verify(url)).toEqual({ kind: 'tampered', reason })
  })

  it('is refused whichever character it is', async () => {
    const one = urls.sign({ url: '/f/1', query: { a: 'b' }, expiresInMs: HOUR })
    for (let i = 0; i < one.length; i++) {
      for (const other of ['A', '0', '/', '&', '.', '-']) {
        if (one[i] === other) continue
        expect(said(await urls.verify(one.slice(0, i) + other + one.slice(i + 1)))).not.toBe('valid')
      }
    }
  })

  it('is refused with another method; a HEAD is a GET', async () => {
    const post = urls.sign({ url: '/x', method: 'POST', expiresInMs: HOUR })
    expect(said(await urls.verify(request('POST', post)))).toBe('valid')
    for (const method of ['GET', 'HEAD', 'PUT', 'post', '']) expect(said(await urls.verify(request(method, post)))).toBe('mismatch')
    expect(said(await urls.verify(request('HEAD', signed)))).toBe('valid')
    for (const method of ['POST', 'DELETE', 'get', 'OPTIONS']) expect(said(await urls.verify(request(method, signed)))).toBe('mismatch')
  })

  it('never throws, and nothing that was not signed is ever valid', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.webUrl({ withQueryParameters: true, withFragments: true })), async (text) => {
        expect((await urls.verify(text)).kind).toBe('tampered')
        expect((await urls.verify(`/x?signature=${encodeURIComponent(text)}`)).kind).toBe('tampered')
      }),
    )
  })
})

describe('a subject', () => {
  const mine = urls.sign({ url: '/x', subject: 'anna', expiresInMs: HOUR })

  it('is the only one that may use it, and does not stand in it [ASVS 9.2.3]', async () => {
    expect(mine).not.toContain('anna')
    expect(said(await urls.verify(mine, { subject: 'anna' }))).toBe('valid')
    for (const subject of ['bert', 'Anna', '', 'anna ', 'anna\n']) expect(said(await urls.verify(mine, { subject }))).toBe('mismatch')
    expect(said(await urls.verify(mine))).toBe('mismatch')
    expect(said(await urls.verify(signed, { subject: 'anna' }))).toBe('mismatch')
  })

  it('cannot be written so that it reads as another field', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (subject, other) => {
        const url = urls.sign({ url: '/x', subject, expiresInMs: HOUR })
        expect(said(await urls.verify(url, { subject: other }))).toBe(subject === other ? 'valid' : 'mismatch')
      }),
    )
    expect(said(await urls.verify(urls.sign({ url: '/x', subject: '', expiresInMs: HOUR })))).toBe('mismatch')
  })
})

describe('time', () => {
  it('ends it to the millisecond, and only then [ASVS 9.2.1]', async () => {
    const { urls: timed, wait } = make()
    const url = timed.sign({ url: '/x', expiresInMs: MINUTE })
    wait(MINUTE - 1)
    expect(said(await timed.verify(url))).toBe('valid')
    wait(1)
    expect(await timed.verify(url)).toEqual({ kind: 'expired', expiredAt: START + MINUTE })
  })

  it('tells nobody who changed it that it would have been in time', async () => {
    const { urls: timed, wait } = make()
    const url = timed.sign({ url: '/x', expiresInMs: MINUTE })
    wait(DAY)
    expect(said(await timed.verify(`${url}&a=1`))).toBe('mismatch')
  })
})

describe('a single use', () => {
  it('is good once', async () => {
    const { urls: once, reports } = make()
    const url = once.sign({ url: '/reset', singleUse: true, expiresInMs: HOUR })
    expect(said(await once.verify(url))).toBe('valid')
    expect(said(await once.verify(url))).toBe('used')
    expect(said(await once.verify(`${url}#x`))).toBe('used')
    expect(reports.map(({ kind }) => kind)).toEqual(['url_used', 'url_used'])
  })

  it('is good once under a hundred at the same time [ASVS 15.4.2]', async () => {
    const { urls: once } = make()
    const url = once.sign({ url: '/reset', singleUse: true, expiresInMs: HOUR })
    const verdicts = await Promise.all(Array.from({ length: 100 }, () => once.verify(url)))
    expect(verdicts.filter(({ kind }) => kind === 'valid')).toHaveLength(1)
    expect(verdicts.filter(({ kind }) => kind === 'used')).toHaveLength(99)
  })

  it('is not used up by looking, by a HEAD of a mail scanner, or by one who changed it', async () => {
    const { urls: once } = make()
    const url = once.sign({ url: '/reset', singleUse: true, subject: 'anna', expiresInMs: HOUR })
    expect(said(await once.verify(url, { subject: 'anna', use: false }))).toBe('valid')
    expect(said(await once.verify(request('HEAD', url), { subject: 'anna' }))).toBe('head')
    expect(said(await once.verify(url, { subject: 'bert' }))).toBe('mismatch')
    expect(said(await once.verify(`${url}&x`, { subject: 'anna' }))).toBe('mismatch')
    expect(said(await once.verify(url, { subject: 'anna' }))).toBe('valid')
    expect(said(await once.verify(url, { subject: 'anna', use: false }))).toBe('used')
  })

  it('is one of its own in each URL', async () => {
    const { urls: once } = make()
    const sign = (): string => once.sign({ url: '/reset', singleUse: true, expiresInMs: HOUR })
    const [first, second] = [sign(), sign()]
    expect(first).not.toBe(second)
    expect([said(await once.verify(first)), said(await once.verify(second))]).toEqual(['valid', 'valid'])
  })

  it('is remembered as long as the URL lives, and no longer', async () => {
    const written: { key: string; ttlMs: number }[] = []
    const store: Pick<Store, 'read' | 'write'> = {
      read: () => Promise.resolve(undefined),
      write: (key, _, { ttlMs }) => {
        written.push({ key, ttlMs })
        return Promise.resolve(true)
      },
    }
    const { urls: once, wait } = make({ store })
    const url = once.sign({ url: '/reset', singleUse: true, expiresInMs: HOUR })
    wait(10 * MINUTE)
    await once.verify(url)
    expect(written).toEqual([{ key: expect.stringMatching(/^url:[\w-]{22}$/), ttlMs: 50 * MINUTE }])
  })

  it('is degraded, neither valid nor used, while the store is down [ASVS 16.5.2, 16.5.3]', async () => {
    const down = (): Promise<never> => Promise.reject(new Error('ECONNREFUSED'))
    const { urls: once, reports } = make({ store: { read: down, write: down } })
    const url = once.sign({ url: '/reset', singleUse: true, expiresInMs: HOUR })
    expect(await once.verify(url)).toEqual({ kind: 'degraded', reason: 'ECONNREFUSED' })
    expect((await once.verify(url, { use: false })).kind).toBe('degraded')
    // what needs no store goes on
    expect(said(await once.verify(once.sign({ url: '/x', expiresInMs: HOUR })))).toBe('valid')
    expect(reports).toEqual([])
  })

  it('without a store cannot be asked for, and is degraded where one was made elsewhere', async () => {
    const bare = createSignedUrls({ keyring, clock: () => START })
    expect(() => bare.sign({ url: '/x', singleUse: true, expiresInMs: HOUR })).toThrow('url.store')
    const { urls: once } = make()
    expect((await bare.verify(once.sign({ url: '/x', singleUse: true, expiresInMs: HOUR }))).kind).toBe('degraded')
  })
})

describe('a keyring that is in trouble', () => {
  it('makes the verdict degraded', async () => {
    const closed = make({
      keyring: {
        sign: keyring.sign,
        verify: () => {
          throw new Error('the keyset was closed')
        },
      },
    })
    expect(await closed.urls.verify(signed)).toEqual({ kind: 'degraded', reason: 'the keyset was closed' })
  })
})

describe('reports', () => {
  it('tell of what was changed, with the request, and not of what has no signature', async () => {
    const { urls: watched, reports } = make()
    await watched.verify('/x')
    // a mail scanner
    await watched.verify(request('HEAD', watched.sign({ url: '/reset', singleUse: true, expiresInMs: HOUR })))
    await watched.verify(`${signed}&a=1`)
    const from = request('POST', signed)
    await watched.verify(from)
    await watched.verify(signed)
    expect(reports).toEqual([
      { kind: 'url_tampered', at: START, url: `${signed}&a=1`, request: undefined },
      { kind: 'url_tampered', at: START, url: signed, request: from },
    ])
  })
})

describe('what cannot be signed', () => {
  it.each([
    [{ url: '/files/42', method: 'HEAD' }, 'GET, which serves HEAD'],
    [{ url: 'files/42' }, 'url'],
    [{ url: '' }, 'url'],
    [{ url: '//evil.example/x' }, 'url'],
    [{ url: '/.//evil.example/x' }, 'url'],
    [{ url: 'javascript:alert(1)' }, 'url'],
    [{ url: 'https://user:secret@app.example/' }, 'url'],
    [{ url: '/x?a=1;b=2' }, '%3B'],
    [{ url: '/x?signature=1' }, 'signature'],
    [{ url: '/x', query: { signature: '1' } }, 'signature'],
    [{ url: '/x', method: 'get' }, 'method'],
    [{ url: '/x', method: 'GET /y' }, 'method'],
    [{ url: '/x', expiresInMs: 999 }, 'expiresInMs'],
    [{ url: '/x', expiresInMs: 367 * DAY }, 'expiresInMs'],
    [{ url: '/x', expiresInMs: Number.NaN }, 'expiresInMs'],
    [{ url: '/x', expiresInMs: 1_000.5 }, 'expiresInMs'],
    [{ url: '/x', subject: 5 as unknown as string }, 'subject'],
  ])('%j is refused by name', (input, message) => {
    expect(() => urls.sign({ expiresInMs: HOUR, ...input })).toThrow(message)
  })
})

describe('options', () => {
  it.each([
    [{}, 'url.keyring is "undefined"; signed URLs need a keyring'],
    [{ keyring, parameter: 'a b' }, 'url.parameter'],
    [{ keyring, parameter: '' }, 'url.parameter'],
    [{ keyring, parametre: 'x' }, 'url has no option "parametre"'],
  ])('%j are refused at start', (options, message) => {
    expect(() => createSignedUrls(options as SignedUrlOptions)).toThrow(message)
  })

  it('name the parameter', async () => {
    const { urls: named } = make({ parameter: 'sig' })
    const url = named.sign({ url: '/x?signature=theirs', expiresInMs: HOUR })
    expect(url).toContain('&sig=')
    expect(said(await named.verify(url))).toBe('valid')
    expect(said(await urls.verify(url))).toBe('malformed')
  })
})
