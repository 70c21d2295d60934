import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createAttached } from './attached.js'

describe('a value on an object of somebody else', () => {
  it('is found again, and can be replaced', () => {
    const attached = createAttached<string>()
    const request = { url: '/' }
    expect(attached.get(request)).toBeUndefined()
    attached.set(request, 'first')
    attached.set(request, 'second')
    expect(attached.get(request)).toBe('second')
  })

  it('is on nothing that is no object', () => {
    const attached = createAttached<string>()
    for (const holder of [undefined, null, 'x', 1]) expect(attached.get(holder)).toBeUndefined()
  })

  it('stays apart from that of another guard', () => {
    const [one, other] = [createAttached<string>(), createAttached<string>()]
    const request = {}
    one.set(request, 'one')
    expect(other.get(request)).toBeUndefined()
    other.set(request, 'other')
    expect([one.get(request), other.get(request)]).toEqual(['one', 'other'])
  })

  it('shows in no log, no list of names, no copy and no JSON: it tells who is signed in', () => {
    const attached = createAttached<{ subject: string }>()
    const request = { url: '/' }
    attached.set(request, { subject: 'anna' })
    expect(inspect(request, { showHidden: true, depth: 9 })).not.toContain('anna')
    expect(Reflect.ownKeys(request)).toEqual(['url'])
    expect(JSON.stringify(request)).toBe('{"url":"/"}')
    expect(attached.get({ ...request })).toBeUndefined()
    expect(attached.get(Object.create(request) as object)).toBeUndefined()
  })

  it('can be put on what came from elsewhere: a web request, and one that is sealed', () => {
    const attached = createAttached<number>()
    for (const holder of [new Request('https://app.example/'), Object.preventExtensions({})]) {
      attached.set(holder, 1)
      expect(attached.get(holder)).toBe(1)
    }
  })
})
