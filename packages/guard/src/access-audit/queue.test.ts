import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createQueue, type Queue } from './queue.js'
import type { AccessEntry } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const entry = (id: number): AccessEntry => ({
  id: String(id),
  at: id,
  actor: { kind: 'anonymous' },
  action: 'view',
  resource: { type: 'documents' },
  outcome: 'success',
  status: 200,
  method: 'GET',
  route: '/api/documents',
})

type Setup = { queue: Queue; batches: string[][]; told: string[] }
const setup = (
  over: {
    readonly room?: number
    readonly batch?: number
    readonly flushMs?: number
    readonly timeoutMs?: number
    readonly sink?: (ids: string[]) => Promise<void>
  } = {},
): Setup => {
  const batches: string[][] = []
  const told: string[] = []
  const queue = createQueue({
    sink: {
      record: async (entries) => {
        const ids = entries.map(({ id }) => id)
        await over.sink?.(ids)
        batches.push(ids)
      },
    },
    room: over.room ?? 100,
    batch: over.batch ?? 10,
    flushMs: over.flushMs ?? 1_000,
    timeoutMs: over.timeoutMs ?? 5_000,
    report: ({ kind, count }) => told.push(`${kind} ${count}`),
  })
  return { queue, batches, told }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

describe('records on their way', () => {
  it('wait for their batch, and no longer than they may', async () => {
    const { queue, batches } = setup()
    queue.put(entry(1))
    queue.put(entry(2))
    await pass(999)
    expect(batches).toEqual([])
    await pass(1)
    expect(batches).toEqual([['1', '2']])
  })

  it('go at once when a batch is full', async () => {
    const { queue, batches } = setup({ batch: 2 })
    queue.put(entry(1))
    queue.put(entry(2))
    await pass(0)
    expect(batches).toEqual([['1', '2']])
  })

  it('that come while a batch is under way go with the next one', async () => {
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const { queue, batches } = setup({ batch: 1, sink: () => gate })
    queue.put(entry(1))
    await pass(0)
    queue.put(entry(2))
    queue.put(entry(3))
    expect(queue.stats().waiting).toBe(3)
    open()
    await pass(0)
    expect(batches).toEqual([['1'], ['2'], ['3']])
    expect(queue.stats()).toEqual({ recorded: 3, waiting: 0, dropped: 0, failed: 0 })
  })

  it('never overtake each other, also when the sink fails in between', async () => {
    let tries = 0
    const { queue, batches } = setup({
      batch: 2,
      sink: async () => {
        if (++tries % 2 === 1) throw new Error('away')
      },
    })
    for (let i = 1; i <= 6; i++) queue.put(entry(i))
    await pass(60_000)
    expect(batches.flat()).toEqual(['1', '2', '3', '4', '5', '6'])
  })

  it('are tried five times with longer and longer waits, then given up and told of', async () => {
    const at: number[] = []
    const { queue, told } = setup({
      batch: 1,
      sink: async () => {
        at.push(Date.now())
        throw new Error('away')
      },
    })
    const began = Date.now()
    queue.put(entry(1))
    await pass(60_000)
    expect(at.map((time) => time - began)).toEqual([0, 200, 600, 1_400, 3_000])
    expect(told).toEqual(['failed 1', 'failed 1', 'failed 1', 'failed 1', 'failed 1', 'dropped 1'])
    expect(queue.stats()).toEqual({ recorded: 0, waiting: 0, dropped: 1, failed: 5 })
  })

  it('are written after one that was given up', async () => {
    const { queue, batches } = setup({
      batch: 1,
      sink: async ([id]) => {
        if (id === '1') throw new Error('this one never')
      },
    })
    queue.put(entry(1))
    queue.put(entry(2))
    await pass(60_000)
    expect(batches).toEqual([['2']])
  })

  it('wait for no sink that never answers', async () => {
    const { queue, told } = setup({ batch: 1, timeoutMs: 100, sink: () => new Promise(() => undefined) })
    queue.put(entry(1))
    await pass(100)
    expect(told).toEqual(['failed 1'])
    await pass(60_000)
    expect(queue.stats().dropped).toBe(1)
  })

  it('beyond the room are counted one by one', () => {
    const { queue, told } = setup({ room: 2, sink: () => new Promise(() => undefined) })
    for (let i = 0; i < 5; i++) queue.put(entry(i))
    expect(queue.stats()).toMatchObject({ waiting: 2, dropped: 3 })
    expect(told).toEqual(['dropped 1', 'dropped 1', 'dropped 1'])
  })

  it('at the end of the process are written, without waiting for tries that failed', async () => {
    const { queue, batches } = setup()
    for (let i = 0; i < 25; i++) queue.put(entry(i))
    await queue.close()
    expect(batches.map((batch) => batch.length)).toEqual([10, 10, 5])
    const broken = setup({ sink: async () => Promise.reject(new Error('away')) })
    broken.queue.put(entry(1))
    await broken.queue.close()
    expect(broken.queue.stats()).toMatchObject({ waiting: 0, dropped: 1 })
    await expect(setup().queue.close()).resolves.toBeUndefined()
  })

  it('are all written or counted, in order, whatever the sink does', async () => {
    vi.useRealTimers()
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
        async (count, batch, room, answers) => {
          let asked = 0
          const { queue, batches, told } = setup({
            batch,
            room,
            sink: async () => {
              if (answers[asked++ % answers.length] === false) throw new Error('away')
            },
          })
          for (let i = 0; i < count; i++) queue.put(entry(i))
          await queue.close()
          const { recorded, dropped, waiting } = queue.stats()
          expect([waiting, recorded + dropped, batches.flat().length]).toEqual([0, count, recorded])
          const ids = batches.flat().map(Number)
          expect(ids).toEqual(ids.toSorted((a, b) => a - b))
          const lost = told.filter((one) => one.startsWith('dropped')).reduce((sum, one) => sum + Number(one.split(' ')[1]), 0)
          expect(lost).toBe(dropped)
        },
      ),
      { numRuns: 100 },
    )
  })
})

describe('a record that an answer waits for', () => {
  it('goes past the queue', async () => {
    const { queue, batches } = setup()
    queue.put(entry(1))
    expect(await queue.write([entry(2)])).toBe(true)
    expect(batches).toEqual([['2']])
  })

  it('that is not taken is said so, once the sink failed or its time is over', async () => {
    expect(await setup({ sink: async () => Promise.reject(new Error('away')) }).queue.write([entry(1)])).toBe(false)
    const slow = setup({ timeoutMs: 100, sink: () => new Promise(() => undefined) }).queue.write([entry(1)])
    await pass(100)
    expect(await slow).toBe(false)
  })
})
