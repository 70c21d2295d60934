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
const sequenceOf = (row: number): number => row

describe('resumable', () => {
  it('reads the past in pages and goes on with the present, without gap or double', async () => {
    const log = makeLog(8)
    const { stream, ids } = makeStream()
    await resumable({ ...log, sequenceOf, message, begin: async () => ({ after: 2, first: undefined }), open: () => stream })
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
          return { after: 0, first: undefined }
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
      begin: async () => ({ after: 5, first: { event: 'snapshot', id: 5, data: [] } }),
      open: () => stream,
    })
    log.append()
    expect(sent.map(({ event, id }) => `${event} ${id}`)).toEqual(['snapshot 5', 'row 6'])
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
      begin: async () => ({ after: 0, first: undefined }),
      since: (after) => (pages++ === 0 ? log.since(after) : Promise.reject(new Error('away'))),
      open: () => stream,
    })
    expect([stream.closed, log.readers.size, ids()]).toEqual([true, 0, [1, 2, 3]])
  })

  it('hears nothing more when the client goes', async () => {
    const log = makeLog(0)
    const { stream, ids } = makeStream()
    await resumable({ ...log, sequenceOf, message, begin: async () => ({ after: 0, first: undefined }), open: () => stream })
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
