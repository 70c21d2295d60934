import { NOTICE_KINDS } from '@parapet/core'
import * as fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { answerStepUp, askStepUp, stepUpStore } from '../app/step-up.js'
import { createSend } from './api.js'
import { noticeWords } from './notice-words.js'
import { createLinkTaker } from './one-time-link.js'
import { passkeysPossible, passkeyTrouble } from './passkeys.js'
import { ApiError, asApiError } from './problem.js'
import { inGroups, recoveryFile } from './recovery-codes.js'

fc.configureGlobal({ seed: 20_261_122 })
afterEach(() => vi.unstubAllGlobals())

describe('an act that asks for a proof', () => {
  const answers = (...all: { status: number; body: unknown }[]) => {
    const sent: string[] = []
    const fetch: typeof globalThis.fetch = (path, init) => {
      sent.push(`${init?.method} ${path as string} ${init?.body as string}`)
      const next = all.shift() ?? { status: 500, body: {} }
      return Promise.resolve(Response.json(next.body, { status: next.status }))
    }
    return { fetch, sent }
  }
  const STEP_UP = { status: 401, body: { code: 'PPT_STEP_UP', methods: ['totp'] } }

  it('is sent again, the same, once the operator proved who he is', async () => {
    const { fetch, sent } = answers(STEP_UP, { status: 201, body: { id: 'x' } })
    const over = vi.fn<() => void>()
    const send = createSend({ fetch, onUnauthenticated: over, stepUp: () => Promise.resolve(true) })
    expect(await send('POST', '/v1/operators', { name: 'ben' })).toEqual({ id: 'x' })
    expect(sent).toEqual(['POST /v1/operators {"name":"ben"}', 'POST /v1/operators {"name":"ben"}'])
    expect(over).not.toHaveBeenCalled()
  })

  it('fails as what it is when he would not, and nobody is signed out', async () => {
    const { fetch, sent } = answers(STEP_UP)
    const over = vi.fn<() => void>()
    const send = createSend({ fetch, onUnauthenticated: over, stepUp: () => Promise.resolve(false) })
    await expect(send('POST', '/v1/operators', {})).rejects.toMatchObject({ code: 'PPT_STEP_UP' })
    expect(sent).toHaveLength(1)
    expect(over).not.toHaveBeenCalled()
  })

  it('asks once: a server that goes on asking does not hold anybody in a circle', async () => {
    const { fetch, sent } = answers(STEP_UP, STEP_UP, STEP_UP)
    const stepUp = vi.fn<() => Promise<boolean>>(() => Promise.resolve(true))
    await expect(createSend({ fetch, onUnauthenticated: () => undefined, stepUp })('POST', '/v1/x')).rejects.toMatchObject({
      code: 'PPT_STEP_UP',
    })
    expect(sent).toHaveLength(2)
    expect(stepUp).toHaveBeenCalledTimes(1)
  })

  it.each(['PPT_FACTOR_FAILED', 'PPT_SIGN_IN_OVER', 'PPT_SIGN_IN_FAILED'])('%s is about a proof, not about the session', async (code) => {
    const over = vi.fn<() => void>()
    const { fetch } = answers({ status: 401, body: { code } })
    await expect(createSend({ fetch, onUnauthenticated: over })('POST', '/v1/session/factor', {})).rejects.toMatchObject({ code })
    expect(over).not.toHaveBeenCalled()
  })

  it('several that wait are answered together, and whoever shows the dialog hears of it', async () => {
    const heard = vi.fn<() => void>()
    const stop = stepUpStore.subscribe(heard)
    const [one, two] = [askStepUp(), askStepUp()]
    expect(stepUpStore.isAsked()).toBe(true)
    answerStepUp(true)
    expect(await Promise.all([one, two])).toEqual([true, true])
    expect(stepUpStore.isAsked()).toBe(false)
    expect(heard).toHaveBeenCalledTimes(3)
    stop()
  })
})

describe('passkeys', () => {
  it('are offered where a browser takes them: a name, in a secure context', () => {
    const here = { hostname: 'localhost', secure: true, api: true }
    expect(passkeysPossible(here)).toBe(true)
    for (const other of [{ hostname: '127.0.0.1' }, { hostname: '[::1]' }, { secure: false }, { api: false }])
      expect(passkeysPossible({ ...here, ...other })).toBe(false)
  })

  it('that were not given are told in words of ours, whatever the browser wrote', () => {
    for (const [name, code] of [
      ['NotAllowedError', 'PASSKEY_CANCELLED'],
      ['AbortError', 'PASSKEY_CANCELLED'],
      ['InvalidStateError', 'PASSKEY_KNOWN'],
      ['SecurityError', 'PASSKEY_HOST'],
    ] as const) {
      const told = asApiError(passkeyTrouble(new DOMException('words of the browser', name)))
      expect(told.code).toBe(code)
      expect(told.message).not.toContain('words of the browser')
    }
    const problem = new ApiError({ status: 401, code: 'PPT_FACTOR_FAILED', title: 'x', fix: 'y' })
    expect(passkeyTrouble(problem)).toBe(problem)
    expect(passkeyTrouble('odd')).toBe('odd')
  })
})

describe('recovery codes', () => {
  it('are kept in a file that says what they are for', () => {
    const text = recoveryFile(['aaaa-bbbb', 'cccc-dddd'], { site: 'localhost:8700', name: 'ann', at: 1_795_200_000_000 })
    expect(text.split('\n').slice(0, 6)).toEqual([
      'Recovery codes of Parapet at localhost:8700',
      'for ann, made on 2026-11-20',
      '',
      'aaaa-bbbb',
      'cccc-dddd',
      '',
    ])
    expect(text.endsWith('\n')).toBe(true)
  })

  it('and secrets are shown in groups that lose no letter', () => {
    expect(inGroups('ABCDEFGH')).toBe('ABCD EFGH')
    fc.assert(fc.property(fc.stringMatching(/^[A-Z2-7]{0,64}$/), (secret) => inGroups(secret).replaceAll(' ', '') === secret))
  })
})

describe('notices', () => {
  it('each say something of their own, with and without details', () => {
    const titles = NOTICE_KINDS.map((kind) => noticeWords({ kind, detail: null, by: null }).title)
    expect(new Set(titles).size).toBe(NOTICE_KINDS.length)
    for (const kind of NOTICE_KINDS) expect(noticeWords({ kind, detail: 'x', by: 'Chief' }).title).not.toContain('null')
  })

  it('weigh most where somebody else may be at work', () => {
    const heavy = NOTICE_KINDS.filter((kind) => noticeWords({ kind, detail: null, by: null }).weight === 'look')
    expect(heavy).toEqual(['lockout', 'recovery_code_used', 'session_replayed', 'session_at_risk', 'reset_started'])
  })
})

describe('a one-time link', () => {
  it('is taken out of the address at once, and remembered for a page that is drawn twice', () => {
    const replaceState = vi.fn<(data: unknown, unused: string, path: string) => void>()
    const place = { hash: '#secret-token', pathname: '/reset' }
    vi.stubGlobal('location', place)
    vi.stubGlobal('history', { replaceState })
    const take = createLinkTaker()
    expect(take()).toBe('secret-token')
    expect(replaceState).toHaveBeenCalledWith(null, '', '/reset')
    place.hash = ''
    expect(take()).toBe('secret-token')
    place.hash = '#another'
    expect(take()).toBe('another')
  })
})
