import { describe, expect, it } from 'vitest'
import type { EventStream } from './event-stream.js'
import { lastEventId, resumable } from './resume.js'

/** A log with readers, as the stores have one: appending tells every subscriber. */
const makeLog = (size: number) => {
  const rows = Array.from({ length: size }, (_, i) => i + 1)
  const readers = new Set<(row: number) => void>()
  return {
    rows,
    readers,
    append: () => {
      const row = rows.length + 1
      rows.push(row)
      for (const reader of readers) reader(row)
    },
    subscribe: (reader: (row: number) => void) => {
      readers.add(reader)
      return () => readers.delete(reader)
    },
    since: async (after: number) => rows.filter((row) => row > after).slice(0, 3),
  }
}

const makeStream = () => {
  const sent: { event: string; id?: string | number }[] = []
  const listeners: (() => void)[] = []
  let closed = false
  const stream: EventStream = {
    send: (message) => {
      sent.push(message)
      return !closed
    },
    drained: () => Promise.resolve(),
    heartbeat: () => undefined,
    close: () => {
      closed = true
      for (const listener of listeners) listener()
    },
    get closed() {
      return closed
    },
    onClose: (listener) => {
      listeners.push(listener)
    },
  }
  return { stream, sent, ids: () => sent.map(({ id }) => id) }
}

const message = (row: number) => ({ event: 'row', id: row, data: row })
/** What is sent first, in as many messages as are asked for; only the last has an id. */
const parts = async function* (id: number, count = 1) {
  for (let n = 1; n < count; n++) yield { event: 'snapshot', data: [] }
  yield { event: 'snapshot', id, data: [] }
}
const sequenceOf = (row: number): number => row

describe('resumable', () => {
  it('reads the past in pages and goes on with the present, without gap or double', async () => {
    const log = makeLog(8)
    const { stream, ids } = makeStream()
    await resumable({ ...log, sequenceOf, message, begin: async () => ({ after: 2 }), open: () => stream })
    log.append()
    log.append()
    expect(ids()).toEqual([3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('loses nothing that is appended while the past is read, at any step', async () => {
    for (let when = 0; when < 5; when++) {
      const log = makeLog(6)
      const { stream, ids } = makeStream()
      let step = 0
      const maybe = (): void => {
        if (step++ === when) log.append()
      }
      await resumable({
        ...log,
        sequenceOf,
        message,
        begin: async () => {
          maybe()
          return { after: 0 }
        },
        since: async (after) => {
          const rows = await log.since(after)
          // appended after the page was read: only the subscription knows of it
          maybe()
          return rows
        },
        open: () => stream,
      })
      log.append()
      expect(ids()).toEqual(log.rows)
    }
  })

  it('begins with what comes first, and does not repeat what that held', async () => {
    const log = makeLog(5)
    const { stream, sent } = makeStream()
    await resumable({
      ...log,
      sequenceOf,
      message,
      begin: async () => ({ after: 5, first: parts(5) }),
      open: () => stream,
    })
    log.append()
    expect(sent.map(({ event, id }) => `${event} ${id}`)).toEqual(['snapshot 5', 'row 6'])
  })

  it('waits for the client after every part and every change of the past, and sends nothing into the wait', async () => {
    const log = makeLog(4)
    const { stream, sent } = makeStream()
    const release: (() => void)[] = []
    const slow: EventStream = { ...stream, drained: () => new Promise<void>((done) => release.push(done)) }
    const running = resumable({ ...log, sequenceOf, message, begin: async () => ({ after: 2, first: parts(2, 3) }), open: () => slow })
    for (let step = 1; step <= 5; step++) {
      await expect.poll(() => sent.length).toBe(step)
      // happens while the client is busy: comes in its turn
      if (step === 4) log.append()
      release.shift()?.()
    }
    await expect.poll(() => release.length).toBe(1)
    release.shift()?.()
    await running
    expect(sent.map(({ event, id }) => `${event} ${id}`)).toEqual([
      'snapshot undefined',
      'snapshot undefined',
      'snapshot 2',
      'row 3',
      'row 4',
      'row 5',
    ])
  })

  it('sends no further part to a client that is gone', async () => {
    const log = makeLog(1)
    const { stream, sent } = makeStream()
    const closing: EventStream = { ...stream, send: (one) => (stream.send(one), false) }
    await resumable({ ...log, sequenceOf, message, begin: async () => ({ after: 0, first: parts(1, 5) }), open: () => closing })
    expect(sent).toHaveLength(1)
  })

  it('reads again what happened while the first part took so long that too much had to wait', async () => {
    const log = makeLog(0)
    const { stream, ids } = makeStream()
    let held = false
    const busy: EventStream = {
      ...stream,
      drained: async () => {
        if (held) return
        held = true
        for (let n = 0; n < 10_005; n++) log.append()
      },
    }
    const since = async (after: number) => log.rows.slice(after, after + 5_000)
    await resumable({ ...log, since, sequenceOf, message, begin: async () => ({ after: 0, first: parts(0) }), open: () => busy })
    expect(ids().slice(1)).toEqual(log.rows)
  })

  it('throws what goes wrong before the stream is open, and leaves no reader behind', async () => {
    const log = makeLog(1)
    const { stream } = makeStream()
    const failing = resumable({ ...log, sequenceOf, message, begin: () => Promise.reject(new Error('away')), open: () => stream })
    await expect(failing).rejects.toThrow('away')
    expect(log.readers.size).toBe(0)
  })

  it('ends the stream when the past cannot be read to the end: the client comes back for the rest', async () => {
    const log = makeLog(9)
    const { stream, ids } = makeStream()
    let pages = 0
    await resumable({
      ...log,
      sequenceOf,
      message,
      begin: async () => ({ after: 0 }),
      since: (after) => (pages++ === 0 ? log.since(after) : Promise.reject(new Error('away'))),
      open: () => stream,
    })
    expect([stream.closed, log.readers.size, ids()]).toEqual([true, 0, [1, 2, 3]])
  })

  it('hears nothing more when the client goes', async () => {
    const log = makeLog(0)
    const { stream, ids } = makeStream()
    await resumable({ ...log, sequenceOf, message, begin: async () => ({ after: 0 }), open: () => stream })
    stream.close()
    log.append()
    expect([ids(), log.readers.size]).toEqual([[], 0])
  })
})

describe('lastEventId', () => {
  const of = (header: string | string[] | undefined) =>
    lastEventId({ headers: { 'last-event-id': header } } as unknown as Parameters<typeof lastEventId>[0])

  it('takes the cursors that we gave, and nothing else', () => {
    expect([of('0'), of('42')]).toEqual([0, 42])
    for (const header of [undefined, '', '-1', '1.5', '0x10', ' 1', '1\n2', '9'.repeat(16), ['1', '2']]) expect(of(header)).toBeUndefined()
  })
})
