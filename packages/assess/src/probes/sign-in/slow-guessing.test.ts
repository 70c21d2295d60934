import { describe, expect, it } from 'vitest'
import { TARGET, type AppOptions } from './fixtures/accounts-app.js'
import { inShort, tryProbe } from './fixtures/try-probe.js'
import { slowGuessing } from './slow-guessing.js'

describe('guesses from many places', () => {
  it('finds an application that counts by address alone', async () => {
    const [found] = await tryProbe(slowGuessing, { nameLock: 0, addressLock: 3 })
    expect(found).toMatchObject({ verdict: 'fail', says: expect.stringContaining('from as many addresses') as string })
    const visitors = found?.verdict === 'fail' ? found.evidence.map((one) => one.as) : []
    expect(new Set(visitors).size).toBe(3)
  })

  it('passes where failures of a name count wherever they come from', async () => {
    expect(inShort(await tryProbe(slowGuessing, { addressLock: 0 }))).toEqual(['pass sign-in'])
  })

  it('needs addresses of its own', () => {
    expect(slowGuessing.needs).toContain('many-addresses')
  })

  it('guesses at no account but a spare one: ten times where it is locked by then, else twenty times more', async () => {
    const asked = async (options: AppOptions): Promise<readonly string[]> => {
      const names: string[] = []
      const wrongText = (_left: number, name: string): string => {
        names.push(name)
        return 'wrong'
      }
      await tryProbe(slowGuessing, { ...options, wrongText })
      return names
    }
    const [locked, open] = [await asked({}), await asked({ nameLock: 0, addressLock: 0 })]
    // the right password is refused as well where it is locked
    expect([locked.length, open.length]).toEqual([11, 30])
    expect(new Set([...locked, ...open])).toEqual(new Set([TARGET.accounts?.spare?.[0]?.name]))
  })

  it('finds a lock that only comes after ten failures to be one', async () => {
    expect(inShort(await tryProbe(slowGuessing, { nameLock: 15 }))).toEqual(['pass sign-in'])
  })
})
