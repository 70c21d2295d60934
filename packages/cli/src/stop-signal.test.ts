import { EventEmitter } from 'node:events'
import type process from 'node:process'
import { describe, expect, it } from 'vitest'
import { stopSignal } from './stop-signal.js'

/** A process that only hears signals and remembers how it was ended. */
const listener = () => {
  const exits: (number | string | null | undefined)[] = []
  const events = new EventEmitter()
  const of = Object.assign(events, { exit: (code?: number | string | null) => void exits.push(code) })
  return { exits, send: (name: string) => events.emit(name, name), of: of as unknown as typeof process }
}

describe('stopSignal', () => {
  it('takes a signal that npm passes on once more for one wish, and a later one for an end at once', async () => {
    const { exits, send, of } = listener()
    let time = 0
    const asked = stopSignal(of, () => time)
    send('SIGINT')
    expect(await asked).toBe('SIGINT')
    time = 999
    send('SIGINT')
    send('SIGTERM')
    expect(exits).toEqual([])
    time = 1_000
    send('SIGINT')
    send('SIGTERM')
    expect(exits).toEqual([130, 143])
  })
})
