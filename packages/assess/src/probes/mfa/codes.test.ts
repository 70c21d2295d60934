import { describe, expect, it } from 'vitest'
import { testContext } from '../../fixtures/test-context.js'
import { TARGET } from '../sign-in/fixtures/accounts-app.js'
import { accountsApp } from '../sign-in/fixtures/accounts-app.js'
import { awaitRoom, PERIOD_MS, periodOf, takeCoded, wrongCode } from './codes.js'

describe('codes of authenticator apps', () => {
  it('waits for the next period only when this one is nearly over', async () => {
    const waits: number[] = []
    const at = async (now: number, need: number): Promise<void> =>
      awaitRoom({ clock: () => now, sleep: async (ms) => void waits.push(ms) }, need)
    await at(10 * PERIOD_MS, 8_000)
    await at(10 * PERIOD_MS + 21_000, 8_000)
    await at(10 * PERIOD_MS + 25_000, 8_000)
    expect(waits).toEqual([5_100])
    expect(periodOf(10 * PERIOD_MS + 29_999)).toBe(10)
  })

  it('guesses no code that a clock near ours shows', () => {
    const right = ['000001', '000002', '000003', '000004', '000005', '000006', '000007']
    const bytes = [1, 4, 7, 9].map((value) => Buffer.from([0, 0, 0, value]))
    const context = { random: () => bytes.shift() ?? Buffer.alloc(4), code: (_account: unknown, steps = 0) => right[steps + 3] ?? '' }
    expect(wrongCode(context, TARGET.accounts!.mfa![0]!)).toBe('000009')
  })

  it('takes an account with a secret, each once, and says what to declare', async () => {
    const app = await accountsApp()
    const context = testContext({ ...TARGET, accounts: { mfa: [TARGET.accounts!.mfa![0]!, { name: 'x', password: 'y' }] } }, app.origin)
    expect((await takeCoded(context)).name).toBe('coded-0@app.example')
    await expect(takeCoded(context)).rejects.toMatchObject({
      name: 'Inconclusive',
      message: expect.stringContaining('declare the secret') as string,
    })
    await expect(takeCoded(context)).rejects.toMatchObject({
      name: 'Inconclusive',
      message: expect.stringContaining('accounts.mfa') as string,
    })
    await context.close()
    await app.close()
  })
})
