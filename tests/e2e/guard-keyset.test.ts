import { HOUR } from '@parapet/core'
import { createCsrf, createPublicIds, createSignedUrls, type GuardRequest, memoryStore } from '@parapet/guard'
import { describe, expect, it } from 'vitest'
import { createTestKeyset } from '../../packages/privacy/src/encryption/fixtures/test-keyset.js'

const request = (cookie: string | undefined, token?: string): GuardRequest => ({
  method: 'POST',
  url: '/transfer',
  header: (name) => (name === 'cookie' ? cookie : name === 'x-csrf-token' ? token : undefined),
  peer: '203.0.113.7',
  secure: true,
})

/** The guard takes its keyring from a keyset of `@parapet/privacy`, which is rotated under it. */
describe('the keyring of a keyset, in the parts of the guard', async () => {
  const keys = await createTestKeyset('guard')
  const { keyring } = keys.opened
  const ids = createPublicIds({ keyring, types: { doc: 'integer', user: 'uuid' } })
  const urls = createSignedUrls({ keyring, store: memoryStore({ clock: keys.now }), clock: keys.now })
  const csrf = createCsrf({ origins: ['https://app.example'], sessionCookies: ['sid'], keyring })

  it('links, ids and tokens survive a rotation, are made with the new key from then on, and end with theirs', async () => {
    const first = keys.opened.cipher.primaryKeyId
    const id = ids.encode('doc', 42)
    const link = urls.sign({ url: '/files/42', expiresInMs: 300 * 24 * HOUR })
    const { token, setCookie = '' } = csrf.token(request('sid=anna'))
    const cookie = `sid=anna; ${setCookie.split(';', 1)[0] ?? ''}`

    const second = await keys.rotate()
    expect(ids.decode('doc', id)).toEqual({ kind: 'known', id: 42 })
    expect((await urls.verify(link)).kind).toBe('valid')
    expect(csrf(request(cookie, token)).kind).toBe('allowed')
    // the same processes, without a restart
    const renewed = ids.encode('doc', 42)
    expect(renewed).not.toBe(id)
    expect(urls.sign({ url: '/files/42', expiresInMs: HOUR })).toContain(`.${second}.`)
    expect(ids.decode('doc', renewed)).toEqual({ kind: 'known', id: 42 })

    await keys.destroy(first)
    expect(ids.decode('doc', id)).toEqual({ kind: 'unknown', reason: 'forged' })
    expect(ids.decode('doc', renewed)).toEqual({ kind: 'known', id: 42 })
    expect(await urls.verify(link)).toEqual({ kind: 'tampered', reason: 'mismatch' })
    expect(csrf(request(cookie, token))).toEqual({ kind: 'refused', reason: 'token_invalid' })
  })

  it('once closed, a link is neither good nor bad: the verdict is degraded', async () => {
    const other = await createTestKeyset('closed guard')
    const signed = createSignedUrls({ keyring: other.opened.keyring, clock: other.now })
    const link = signed.sign({ url: '/files/42', expiresInMs: HOUR })
    other.opened.close()
    expect(await signed.verify(link)).toMatchObject({ kind: 'degraded' })
  })
})
