import { emptyParts } from './shards.js'
import type { GroupState } from './group-state.js'
import type { Watermarks } from './shard-clocks.js'

/** A group's place in a queue. It belongs to what waits, a burst or an open window, so that nothing is looked up when it moves. */
export type Ticket = {
  readonly state: GroupState
  queued: boolean
  previous: Ticket | undefined
  next: Ticket | undefined
}

/** A ticket of what begins to wait. */
export const createTicket = (state: GroupState): Ticket => ({ state, queued: false, previous: undefined, next: undefined })

/** Groups of one rule that wait for their time, by part, the one that was put last at the end. */
export type ShardQueues = {
  /** puts a group at the end of its part's queue */
  put: (ticket: Ticket) => void
  drop: (ticket: Ticket | undefined) => void
  /** its time comes sooner than it did when it was put; its place stays */
  hasten: (ticket: Ticket) => void
  /** takes groups out, part by part, from the front of each queue as long as their time is over, and hands them to `act` */
  sweep: (marks: Watermarks, act: (state: GroupState) => void) => void
  isEmpty: () => boolean
  clear: () => void
}

type Line = { first: Ticket | undefined; last: Ticket | undefined }

/**
 * Builds empty queues. A group's time is over when the watermark of its part is past `dueOf`, which changes with a {@link ShardQueues.put} or a
 * {@link ShardQueues.hasten} alone. Most rules have none at work at a time, so only parts with one are looked at, and those only when it may be time for one.
 */
export const createShardQueues = (dueOf: (state: GroupState) => number): ShardQueues => {
  const lines = emptyParts<Line>()
  let busy: number[] = []
  /** no front is due before */
  let soonest = Number.POSITIVE_INFINITY
  const expect = (front: Ticket | undefined): void => {
    if (front !== undefined) soonest = Math.min(soonest, dueOf(front.state))
  }
  const append = (line: Line, ticket: Ticket): void => {
    ticket.queued = true
    ticket.previous = line.last
    if (line.last === undefined) line.first = ticket
    else line.last.next = ticket
    line.last = ticket
  }
  const unlink = (line: Line, ticket: Ticket): void => {
    if (ticket.previous === undefined) line.first = ticket.next
    else ticket.previous.next = ticket.next
    if (ticket.next === undefined) line.last = ticket.previous
    else ticket.next.previous = ticket.previous
    ticket.queued = false
    ticket.previous = undefined
    ticket.next = undefined
  }
  const drop = (ticket: Ticket | undefined): void => {
    if (ticket?.queued !== true) return
    const { shard } = ticket.state
    const line = lines[shard] as Line
    const wasFront = line.first === ticket
    unlink(line, ticket)
    if (line.first === undefined) busy = busy.filter((other) => other !== shard)
    else if (wasFront) expect(line.first)
  }
  return {
    put: (ticket) => {
      const { shard } = ticket.state
      const line = (lines[shard] ??= { first: undefined, last: undefined })
      const front = line.first
      if (front === undefined) busy = [...busy, shard].toSorted((a, b) => a - b)
      if (ticket.queued) unlink(line, ticket)
      append(line, ticket)
      if (line.first !== front || front === ticket) expect(line.first)
    },
    drop,
    hasten: expect,
    sweep: (marks, act) => {
      if (soonest >= marks.furthest) return
      soonest = Number.POSITIVE_INFINITY
      for (const shard of busy) {
        const line = lines[shard] as Line
        const time = marks.of(shard)
        while (line.first !== undefined && dueOf(line.first.state) < time) {
          const { state } = line.first
          drop(line.first)
          act(state)
        }
        expect(line.first)
      }
    },
    isEmpty: () => busy.length === 0,
    clear: () => {
      for (const shard of busy) {
        const line = lines[shard] as Line
        while (line.first !== undefined) unlink(line, line.first)
      }
      busy = []
      soonest = Number.POSITIVE_INFINITY
    },
  }
}
