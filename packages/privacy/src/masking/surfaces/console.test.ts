import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createMasker } from '../masker.js'
import { maskConsole } from './console.js'
import { leaksIn, NASTY_CALLS, PLANTED } from './fixtures/test-planted.js'

const masker = createMasker()

const open = (): { target: Console; out: () => string } => {
  let text = ''
  const stream = new Writable({ write: (chunk: Buffer, _encoding, done) => ((text += chunk.toString()), done()) })
  return { target: new Console(stream, stream), out: () => text }
}

describe('a masked console lets nothing out', () => {
  it.each(NASTY_CALLS)('by $title, in any method', ({ args }) => {
    const { target, out } = open()
    maskConsole(target, masker)
    // the format comes first for a console, the fields for pino
    const given = [...args()].toSorted((a, b) => Number(typeof a === 'object') - Number(typeof b === 'object'))
    for (const method of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'group', 'groupCollapsed', 'dirxml'] as const)
      target[method](...given)
    target.log('%s %o %O %j', given[0], given[0], given[0], given[0])
    target.dir(given[0])
    target.table(given[0])
    target.table([given[0]])
    target.assert(false, ...given)
    target.assert(true, ...given)
    target.time(String(given[0]))
    target.timeLog(String(given[0]), ...given)
    target.timeEnd(String(given[0]))
    target.count(String(given[0]))
    expect(out()).not.toBe('')
    expect(leaksIn(out())).toEqual([])
  })
})

describe('a masked console', () => {
  it('prints what is clean as a console does', () => {
    const [masked, plain] = [open(), open()]
    maskConsole(masked.target, masker)
    for (const { target } of [masked, plain]) {
      target.log('a %s %d %i %f %% %c!', 'b', 5, 6.5, 1.5, 'color: red')
      target.log({ a: [1, { b: new Map([['x', 1]]) }], d: new Date(0) }, null, undefined, 5n, true)
      target.error()
      target.group('g')
      target.info('100% sure %s')
      target.groupEnd()
      target.table([{ a: 1 }])
      target.dir({ a: 1 })
      target.assert(false)
      target.assert(false, 'why %s', 'x')
      target.count()
      target.count('c')
    }
    expect(masked.out()).toBe(plain.out())
  })

  it('shows errors as errors, with their stack, fields and causes', () => {
    const { target, out } = open()
    maskConsole(target, masker)
    target.error('failed:', Object.assign(new TypeError('no', { cause: new RangeError('deep') }), { code: 'E_X', password: 'hunter2' }))
    expect(out()).toMatch(/failed: TypeError: no\n\s+at .*\n/)
    expect(out()).toMatch(/code: 'E_X'/)
    expect(out()).toMatch(/RangeError: deep\n\s+at /)
    expect(out()).not.toContain('hunter2')
  })

  it('is given back as it was, unless somebody has wrapped it since', () => {
    const { target, out } = open()
    const before = target.log
    const undo = maskConsole(target, masker)
    const wrapper = (): void => undefined
    target.info = wrapper
    undo()
    expect(target.log).toBe(before)
    expect(target.info).toBe(wrapper)
    target.log({ password: 'shown again' })
    expect(out()).toContain('shown again')
    undo()
    expect(target.log).toBe(before)
  })

  it('fails closed', () => {
    const { target, out } = open()
    maskConsole(target, { ...masker, text: () => { throw new Error('x') } }) // prettier-ignore
    target.log(PLANTED.password)
    expect(out()).toBe('[UNSCANNED 0 bytes]\n')
  })
})
