import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../../app/fixtures/test-app.js'
import { removeUnlessLast } from './not-last.js'

let t: TestApp
beforeAll(async () => {
  t = await createTestApp({ sessions: { requireMfa: 'admins' } })
}, 60_000)
afterAll(() => t.close())

const operator = { id: '019aa6c2-7d0a-7c55-9d0e-1f6f2d2c8a11', role: 'admin' } as const

/** An operator with two passkeys, each of which takes a while to be removed. */
const withTwo = () => {
  const passkeys = new Set(['a', 'b'])
  const factors = { ...t.services.factors, held: async () => ({ totp: null, passkeys: [...passkeys], recoveryCodes: 0 }) as never }
  const remove = (id: string): Promise<void> =>
    removeUnlessLast({ config: t.services.config, database: t.services.database, factors }, operator, async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      passkeys.delete(id)
    })
  return { passkeys, remove }
}

describe('where a second factor is required', () => {
  it('two removals at once leave one of two factors', async () => {
    const { passkeys, remove } = withTwo()
    const done = await Promise.allSettled([remove('a'), remove('b')])
    expect(done.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(done.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'PPT_CONFLICT' } })
    expect(passkeys.size).toBe(1)
    await expect(remove([...passkeys][0] ?? '')).rejects.toMatchObject({ code: 'PPT_CONFLICT' })
    expect(passkeys.size).toBe(1)
  })

  it('whoever is not asked for one removes them all', async () => {
    const { passkeys } = withTwo()
    const services = {
      ...t.services,
      config: { ...t.services.config, sessions: { ...t.services.config.sessions, requireMfa: 'off' as const } },
    }
    for (const id of ['a', 'b'])
      await removeUnlessLast(services, operator, async () => {
        passkeys.delete(id)
      })
    expect(passkeys.size).toBe(0)
  })
})
