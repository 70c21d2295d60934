import { describe, expect, it } from 'vitest'
import { createWaker } from './waker.js'

const LONG = 60_000

describe('createWaker', () => {
  it('does not sleep over news that came since it was armed', async () => {
    const waker = createWaker()
    waker.arm()
    waker.wake()
    await waker.wait(LONG)
    expect(waker.stopped()).toBe(false)
  })

  it('is woken by news while it waits', async () => {
    const waker = createWaker()
    waker.arm()
    const waiting = waker.wait(LONG)
    waker.wake()
    await expect(waiting).resolves.toBeUndefined()
  })

  it('forgets news that was looked at', async () => {
    const waker = createWaker()
    waker.wake()
    waker.arm()
    const first = await Promise.race([waker.wait(LONG).then(() => 'woken'), new Promise((resolve) => setTimeout(resolve, 20, 'asleep'))])
    expect(first).toBe('asleep')
    waker.stop()
  })

  it('sleeps through news when it was told to pause, but not through the end', async () => {
    const waker = createWaker()
    const pausing = waker.sleep(LONG).then(() => 'over')
    waker.wake()
    expect(await Promise.race([pausing, new Promise((resolve) => setTimeout(resolve, 20, 'asleep'))])).toBe('asleep')
    waker.stop()
    expect(await pausing).toBe('over')
    await waker.wait(LONG)
    await waker.sleep(LONG)
  })

  it('wakes by itself', async () => {
    await expect(createWaker().wait(5)).resolves.toBeUndefined()
  })
})
