import { isParapetError } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { type GuardOptions, readGuardOptions } from './options.js'

const BASE: GuardOptions = { clientAddress: 'direct', publicOrigins: ['https://app.example'] }
const read = (over: Record<string, unknown> = {}): ReturnType<typeof readGuardOptions> => readGuardOptions({ ...BASE, ...over })
const complaint = (over: Record<string, unknown>): string => {
  try {
    read(over)
  } catch (error) {
    return isParapetError(error) && error.code === 'PPT_CONFIG_INVALID' ? (error.detail ?? '') : `not ours: ${String(error)}`
  }
  return 'taken'
}

describe('options of the guard', () => {
  it('keep counts of sign-in apart from sessions in memory, so that a flood of attempts ends no session', () => {
    const alone = read()
    expect(alone.store).not.toBe(alone.loginStore)
    const store = memoryStore()
    const given = read({ store })
    expect([given.store === store, given.loginStore === store]).toEqual([true, true])
  })

  it('make cookies Secure wherever the application is reached by https', () => {
    expect(read().secure).toBe(true)
    expect(read({ publicOrigins: ['https://app.example', 'http://localhost:3000'] }).secure).toBe(true)
    expect(read({ publicOrigins: ['http://localhost:3000'] }).secure).toBe(false)
  })

  it('refuse clear text beside https, where the cookies of one would travel by the other', () => {
    expect(complaint({ publicOrigins: ['https://app.example', 'http://app.example'] })).toContain('leave the http origins out')
    expect(read({ publicOrigins: ['http://intranet.example'] }).cleartext).toEqual(['http://intranet.example'])
    expect(read({ publicOrigins: ['http://localhost:3000', 'http://[::1]:3000'] }).cleartext).toEqual([])
  })

  it('take an application for one under development only where all its origins are this machine', () => {
    expect(read({ publicOrigins: ['http://127.0.0.1:3000', 'http://localhost'] }).development).toBe(true)
    expect(read({ publicOrigins: ['https://localhost'] }).development).toBe(true)
    expect(read({ publicOrigins: ['http://localhost.evil.example'] }).development).toBe(false)
    expect(read({ publicOrigins: ['https://app.example', 'https://localhost'] }).development).toBe(false)
  })

  it('limit sign-up and the like to five in any hour, users to 1,000 and others to 120 a minute', () => {
    expect(read().limits).toEqual({
      anonymous: { limit: 120, windowMs: 60_000 },
      user: { limit: 1_000, windowMs: 3_600_000 },
      sensitive: { limit: 5, windowMs: 3_600_000, burst: 3 },
    })
    expect(read({ limits: { user: { limit: 9, windowMs: 1_000 } } }).limits).toMatchObject({
      user: { limit: 9, windowMs: 1_000 },
      anonymous: { limit: 120, windowMs: 60_000 },
    })
  })

  it('that are misspelt are refused by name: a setting that does nothing protects nobody', () => {
    expect(complaint({ loginRoute: ['/login'] })).toContain('loginRoute')
    expect(complaint({ limits: { sensitve: {} } })).toContain('sensitve')
    expect(complaint({ session: { idle: 1 } })).toContain('idle')
    expect(complaint({ csrf: { exempted: [] } })).toContain('exempted')
    expect(complaint({ controlPlane: { url: 'http://localhost:8700', token: 'x', tls: false } })).toContain('tls')
    expect(complaint({ controlPlane: 'http://localhost:8700' })).toContain('give { url, token }')
    expect(complaint({ mode: 'obsreve' })).toContain("'observe'")
    expect(complaint({ requestEvents: 'no' })).toContain('true or false')
    expect(complaint({ loginRoutes: ['/login/*'] })).toContain('exact paths')
    expect(complaint({ publicOrigins: [] })).toContain('publicOrigins')
    expect(complaint({ publicOrigins: ['https://app.example/'] })).toContain('write https://app.example')
    expect(complaint({ publicOrigins: ['*'] })).toContain('publicOrigins')
  })
})
