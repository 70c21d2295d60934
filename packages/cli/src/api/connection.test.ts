import { describe, expect, it } from 'vitest'
import { type ConnectionSources, findConnection } from './connection.js'
import { readTarget } from './target.js'

const find = (
  over: Partial<ConnectionSources> = {},
  local: { url: string; token: string | undefined } = { url: 'http://localhost:8700', token: 'ppt_local_x' },
) => findConnection({ env: {}, local: async () => local, ...over })

describe('findConnection', () => {
  it('takes the server of this machine and its token when nothing is said', async () => {
    expect(await find()).toMatchObject({ url: new URL('http://localhost:8700'), token: 'ppt_local_x' })
  })

  it('lets the option win over the environment, and the stated token over the local one', async () => {
    const env = { PARAPET_URL: 'https://a.example.org', PARAPET_TOKEN: 'ppt_stated' }
    expect(await find({ env, url: 'https://b.example.org/parapet' })).toMatchObject({
      url: new URL('https://b.example.org/parapet'),
      token: 'ppt_stated',
    })
    expect((await find({ env })).url.host).toBe('a.example.org')
  })

  it('never sends the token of this machine to another', async () => {
    for (const url of ['https://example.org', 'https://127.0.0.1.example.org', 'https://localhost.example.org', 'https://198.51.100.7']) {
      await expect(find({ env: { PARAPET_URL: url } })).rejects.toMatchObject({ code: 'PPT_UNAUTHENTICATED' })
    }
    for (const url of ['http://localhost:9000', 'http://127.0.0.1:9000', 'http://[::1]:9000', 'https://app.localhost']) {
      expect((await find({ env: { PARAPET_URL: url } })).token).toBe('ppt_local_x')
    }
  })

  it('sends no token over a network in clear', async () => {
    await expect(find({ env: { PARAPET_URL: 'http://example.org', PARAPET_TOKEN: 't' } })).rejects.toMatchObject({
      code: 'PPT_CONFIG_INVALID',
      detail: expect.stringContaining('https://') as string,
    })
  })

  it.each([
    'example.org',
    'ftp://example.org',
    'http://user@localhost',
    'http://localhost/?x=1',
    'http://localhost/#x',
    'javascript:alert(1)',
  ])('refuses %s', async (url) => {
    await expect(find({ url })).rejects.toMatchObject({ code: 'PPT_CONFIG_INVALID' })
  })

  it('says what to do when there is no token', async () => {
    await expect(find({}, { url: 'http://localhost:8700', token: undefined })).rejects.toMatchObject({
      code: 'PPT_UNAUTHENTICATED',
      detail: expect.stringContaining('parapet serve') as string,
    })
  })
})

describe('readTarget', () => {
  it.each([
    ['203.0.113.7', { kind: 'ip', value: '203.0.113.7' }],
    ['::ffff:203.0.113.7', { kind: 'ip', value: '203.0.113.7' }],
    ['203.0.113.99/24', { kind: 'cidr', value: '203.0.113.0/24' }],
    ['203.0.113.7/32', { kind: 'cidr', value: '203.0.113.7' }],
    ['2001:db8:1:2::5', { kind: 'cidr', value: '2001:db8:1:2::/64' }],
    ['2001:db8:1:2::5/128', { kind: 'cidr', value: '2001:db8:1:2::5' }],
  ])('reads %s', (text, target) => {
    expect(readTarget(text)).toEqual(target)
  })

  it('refuses what is no address, and shows it bounded and quoted', () => {
    expect(() => readTarget(`\u001b[31m${'x'.repeat(900)}`)).toThrow(expect.objectContaining({ code: 'PPT_ADDRESS_INVALID' }))
  })
})
