import { describe, expect, it } from 'vitest'
import { createDeadline as open } from './deadline.js'
import { createGuarded } from './guarded.js'

/** A deadline that passes on values and errors as they are. */
const createDeadline = (what: string, ms: number): (<T>(work: Promise<T>) => Promise<T>) => {
  const deadline = open(what, ms)
  return (work) =>
    deadline(
      work,
      (value) => value,
      (error) => error,
    )
}
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const never = <T>(): Promise<T> => new Promise(() => undefined)

describe('the deadline', () => {
  it('passes on what came in time, values and errors', async () => {
    const deadline = createDeadline('it', 50)
    await expect(deadline(Promise.resolve(7))).resolves.toBe(7)
    await expect(deadline(Promise.reject(new Error('no')))).rejects.toThrow('no')
    await expect(deadline(pause(10).then(() => 'late enough'))).resolves.toBe('late enough')
  })

  it('ends what hangs, in time, and says who did not answer', async () => {
    const deadline = createDeadline('the store', 40)
    const since = performance.now()
    await expect(deadline(never())).rejects.toMatchObject({
      code: 'PPT_STORE_UNAVAILABLE',
      detail: 'the store did not answer within 40 ms',
    })
    const took = performance.now() - since
    expect(took).toBeGreaterThanOrEqual(39)
    expect(took).toBeLessThan(400)
  })

  it('gives each its own time, though one timer serves all', async () => {
    const deadline = createDeadline('it', 60)
    const ended: number[] = []
    const since = performance.now()
    const waits = Array.from({ length: 5 }, async (_, i) => {
      await pause(i * 20)
      const began = performance.now()
      await deadline(i % 2 === 0 ? never() : Promise.resolve()).catch(() => undefined)
      ended.push(Math.round(performance.now() - began))
      return performance.now() - since
    })
    await Promise.all(waits)
    expect(ended.filter((ms) => ms >= 59)).toHaveLength(3)
    expect(ended.filter((ms) => ms < 40)).toHaveLength(2)
  })

  it('takes an answer that lay ready while this process was busy', async () => {
    const deadline = createDeadline('it', 30)
    // an answer over a socket: it can only be read in the next turn of the event loop
    const answer = new Promise<string>((resolve) => setTimeout(() => setImmediate(() => resolve('there')), 1))
    const waiting = deadline(answer)
    const until = performance.now() + 120
    while (performance.now() < until);
    await expect(waiting).resolves.toBe('there')
  })

  it('says what is made of values and errors, and fails when that fails', async () => {
    const deadline = open('it', 50)
    const failed = (error: unknown): Error => new Error(`failed: ${(error as Error).message}`)
    await expect(deadline(Promise.resolve(2), (value) => value * 2, failed)).resolves.toBe(4)
    await expect(deadline(Promise.reject(new Error('no')), () => 1, failed)).rejects.toThrow('failed: no')
    const odd = (): never => {
      throw new Error('odd answer')
    }
    await expect(deadline(Promise.resolve(2), odd, failed)).rejects.toThrow('failed: odd answer')
  })

  it('tells of one end only, though the answer comes after it', async () => {
    const deadline = open('it', 20)
    const told: string[] = []
    const late = pause(60).then(() => 'late')
    const note = (word: string) => (value: unknown) => {
      told.push(word)
      return value
    }
    await expect(deadline(late, note('came'), note('failed'))).rejects.toMatchObject({ code: 'PPT_STORE_UNAVAILABLE' })
    await late
    expect(told).toEqual(['failed'])
  })

  it('ignores what comes after the end', async () => {
    const deadline = createDeadline('it', 20)
    let late: (error: Error) => void = () => undefined
    const work = new Promise<never>((_, reject) => {
      late = reject
    })
    await expect(deadline(work)).rejects.toMatchObject({ code: 'PPT_STORE_UNAVAILABLE' })
    late(new Error('connection is closed'))
    await pause(5)
  })
})

describe('calls to a server', () => {
  const setup = () => {
    let now = 0
    let asked = 0
    const guarded = createGuarded(
      'redisStore',
      { timeoutMs: 30, failures: 2, retryMs: 100 },
      () => now,
      (error) => error instanceof RangeError,
    )
    return {
      advance: (ms: number) => (now += ms),
      asked: () => asked,
      call: <T>(work: () => Promise<T>): Promise<T> =>
        guarded(() => {
          asked++
          return work()
        }),
    }
  }

  it('are refused at once while the server is away, and tried again after a while', async () => {
    const { call, asked, advance } = setup()
    for (let i = 0; i < 2; i++) await expect(call(() => never())).rejects.toMatchObject({ code: 'PPT_STORE_UNAVAILABLE' })
    const since = performance.now()
    await expect(call(async () => 'not asked')).rejects.toMatchObject({ code: 'PPT_STORE_UNAVAILABLE', detail: 'redisStore is away' })
    expect(performance.now() - since).toBeLessThan(20)
    expect(asked()).toBe(2)
    advance(100)
    await expect(call(async () => 'back')).resolves.toBe('back')
    await expect(call(async () => 'stays')).resolves.toBe('stays')
  })

  it('hide what the server said from the message, and keep it as the cause', async () => {
    const { call } = setup()
    const cause = new Error('connect ECONNREFUSED 10.0.0.5:6379 user=admin')
    await expect(call(() => Promise.reject(cause))).rejects.toMatchObject({
      code: 'PPT_STORE_UNAVAILABLE',
      detail: 'redisStore failed',
      cause,
    })
  })

  it('do not take the server for away because somebody sent values that it does not take', async () => {
    const { call } = setup()
    for (let i = 0; i < 5; i++) await expect(call(() => Promise.reject(new RangeError('22021')))).rejects.toThrow('redisStore failed')
    await expect(call(async () => 'well')).resolves.toBe('well')
  })

  it.each([
    [{ timeoutMs: 0 }, 'x.timeoutMs is 0'],
    [{ failures: 0.5 }, 'x.failures is 0.5'],
    [{ retryMs: -1 }, 'x.retryMs is -1'],
  ])('refuse %j when built, by name', (options, message) => {
    expect(() => createGuarded('x', options, Date.now)).toThrow(message)
  })
})
