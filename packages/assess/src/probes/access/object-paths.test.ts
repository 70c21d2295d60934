import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idIn, missingTwin, pathsIn, pathWith } from './object-paths.js'

const ORIGIN = 'https://studio.example'

describe('the id in an address', () => {
  it.each([
    ['/documents/doc_1', '/documents/', 'doc_1'],
    ['/documents/doc_1', '/documents', 'doc_1'],
    ['/documents/doc_1?tab=2', '/documents/', 'doc_1'],
    ['/documents/doc_1/comments', '/documents/', undefined],
    ['/documents/', '/documents/', undefined],
    ['/documents-old/7', '/documents', undefined],
    ['/api/documents/7', '/api/documents/:id', '7'],
    ['/api/documents/7', '/api/documents/{id}', '7'],
    ['/teams/4/files/9', '/teams/*/files/9', '4'],
    ['/teams/4', '/teams/*/files', undefined],
  ])('%s by %s is %s', (path, pattern, id) => {
    expect(idIn(path, pattern)).toBe(id)
  })

  it('is found again in every path that is made of it', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\w-]{1,30}$/), fc.constantFrom('/a/', '/a', '/a/:id', '/a/{id}/b', '/a/*/c'), (id, pattern) => {
        expect(idIn(pathWith(pattern, id), pattern)).toBe(id)
      }),
      { seed: 5 },
    )
  })
})

describe('the objects that a list names', () => {
  it('reads links of a page, also full ones and those in frames and pictures, but none of other origins', () => {
    const html = `<a href="/documents/a1">x</a><a href="${ORIGIN}/documents/b2?s=1">y</a><a href="https://evil.example/documents/c3">z</a>
      <a href="/documents/new">new</a><img src="/documents/d4"><a href="/people/7">p</a><form action="/documents/a1/comments"></form>`
    expect(pathsIn(html, '/documents/', ORIGIN)).toEqual(['/documents/a1', '/documents/b2?s=1', '/documents/d4'])
  })

  it('reads addresses in JSON, and else the values of ids', () => {
    expect(pathsIn('{"items":[{"id":7,"href":"/documents/7"},{"id":8,"href":"/documents/8"}]}', '/documents/', ORIGIN)).toEqual([
      '/documents/7',
      '/documents/8',
    ])
    expect(pathsIn('{"items":[{"id":"doc_a","n":5},{"id":"doc_b"}]}', '/api/documents/:id', ORIGIN)).toEqual([
      '/api/documents/doc_a',
      '/api/documents/doc_b',
    ])
  })

  it('keeps its bounds and throws on nothing that a target sends', () => {
    const many = `[${Array.from({ length: 900 }, (_, i) => `{"id":${i}}`).join(',')}]`
    expect(pathsIn(many, '/d/', ORIGIN).length).toBe(200)
    expect(pathsIn(`${'['.repeat(500)}1${']'.repeat(500)}`, '/d/', ORIGIN)).toEqual([])
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        for (const path of pathsIn(text, '/d/', ORIGIN)) expect(path.startsWith('/d/')).toBe(true)
      }),
      { seed: 5 },
    )
  })
})

describe('an id that nothing has', () => {
  it('differs from the true one and looks like it', () => {
    expect(missingTwin('/documents/17')).toBe('/documents/999999999')
    expect(missingTwin('/documents/doc_aZ1?x=y')).toBe('/documents/epd_bZ1?x=y')
    fc.assert(
      fc.property(fc.stringMatching(/^[a-y]{1,20}$/), (id) => {
        expect(missingTwin(`/d/${id}`)).not.toBe(`/d/${id}`)
        expect(missingTwin(`/d/${id}`).length).toBe(id.length + 3)
      }),
      { seed: 5 },
    )
  })
})
