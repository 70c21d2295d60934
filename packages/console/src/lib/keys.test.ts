import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Command, KeyState } from './keys.js'
import { SHORTCUTS } from './key-help.js'
import { PAIR_MS, pressKey, stepRow, takesText } from './keys.js'

const play = (
  keys: readonly (string | [string, number])[],
  options: { typing?: boolean; modified?: boolean } = {},
): (Command | undefined)[] => {
  let state: KeyState
  let at = 0
  return keys.map((entry) => {
    const [key, wait] = typeof entry === 'string' ? [entry, 100] : entry
    at += wait
    const result = pressKey(state, { key, at, typing: options.typing ?? false, modified: options.modified ?? false })
    state = result.state
    return result.command
  })
}

describe('pressKey', () => {
  it('goes to a page with g and its letter', () => {
    expect(play(['g', 'n'])).toEqual([undefined, 'go-now'])
    expect(play(['g', 't'])).toEqual([undefined, 'go-triage'])
    expect(play(['g', 'a'])).toEqual([undefined, 'go-activity'])
    expect(play(['g', 'd'])).toEqual([undefined, 'go-decisions'])
    expect(play(['g', 'r'])).toEqual([undefined, 'go-rules'])
    expect(play(['g', 's'])).toEqual([undefined, 'go-sources'])
    expect(['i', 'u', 'p', 'e', 'm'].map((key) => play(['g', key])[1])).toEqual([
      'go-incidents',
      'go-subjects',
      'go-policies',
      'go-enforcers',
      'go-notifications',
    ])
  })

  it('forgets the g after a while', () => {
    expect(play(['g', ['d', PAIR_MS + 1]])).toEqual([undefined, undefined])
    expect(play(['g', ['d', PAIR_MS]])).toEqual([undefined, 'go-decisions'])
  })

  it('takes g g n as g n', () => {
    expect(play(['g', 'g', 'n'])).toEqual([undefined, undefined, 'go-now'])
  })

  it('does what the second key means alone when the pair means nothing', () => {
    expect(play(['g', 'j', 't'])).toEqual([undefined, 'next', undefined])
  })

  it('knows the single keys', () => {
    expect(play(['/', '?', 'j', 'k', 'u', 'o'])).toEqual(['search', 'help', 'next', 'previous', 'undo', 'open'])
  })

  it('opens the lockdown with a capital letter only: nobody begins one by a slip', () => {
    expect(play(['L'])).toEqual(['lockdown'])
    expect(play(['l'])).toEqual([undefined])
    expect(play(['L'], { typing: true })).toEqual([undefined])
  })

  it('knows the acts of triage, and takes none of them for the second key of a pair', () => {
    expect(play(['x', 'a', 's', 'f', 'c', 'm', 'n'])).toEqual([
      'select',
      'acknowledge',
      'snooze',
      'false-positive',
      'close',
      'assign',
      'note',
    ])
    expect(play(['g', 'a', 'a'])).toEqual([undefined, 'go-activity', 'acknowledge'])
  })

  it('never takes a key from somebody who types, nor from the browser', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 6 })), (keys) => {
        expect(play(keys, { typing: true }).every((command) => command === undefined)).toBe(true)
        expect(play(keys, { modified: true }).every((command) => command === undefined)).toBe(true)
      }),
    )
  })

  it('is not led by names of objects', () => {
    expect(play(['g', 'constructor', 'toString', '__proto__'])).toEqual([undefined, undefined, undefined, undefined])
  })

  it('has help for every command', () => {
    const shown = SHORTCUTS.flatMap((shortcut) => shortcut.keys.at(-1) ?? [])
    for (const key of ['n', 't', 'a', 'd', 'r', 's', 'o', 'y', 'x', 'm', 'f', 'c', '/', 'j', 'k', 'o', 'u', '?', 'Esc'])
      expect(shown).toContain(key)
  })
})

describe('takesText', () => {
  it('is so where keys are text, and not for a box that is ticked', () => {
    for (const type of ['text', 'search', 'password', 'email', 'number', 'datetime-local', ''])
      expect([type, takesText('INPUT', type)]).toEqual([type, true])
    for (const type of ['checkbox', 'radio', 'button', 'submit', 'file']) expect([type, takesText('INPUT', type)]).toEqual([type, false])
    expect([takesText('TEXTAREA', ''), takesText('SELECT', ''), takesText('BUTTON', ''), takesText('TR', '')]).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})

describe('stepRow', () => {
  it('starts at an end and stops at the ends', () => {
    expect(stepRow(-1, 3, 1)).toBe(0)
    expect(stepRow(-1, 3, -1)).toBe(2)
    expect(stepRow(2, 3, 1)).toBe(2)
    expect(stepRow(0, 3, -1)).toBe(0)
    expect(stepRow(-1, 0, 1)).toBe(-1)
  })

  it('stays within the rows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1, max: 50 }),
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom(1 as const, -1 as const),
        (current, rows, direction) => {
          const next = stepRow(Math.min(current, rows - 1), rows, direction)
          expect(next).toBeGreaterThanOrEqual(0)
          expect(next).toBeLessThan(rows)
        },
      ),
    )
  })
})
