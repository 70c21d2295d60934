import { describe, expect, it } from 'vitest'
import { serve } from '../../fixtures/serve.js'
import { testContext } from '../../fixtures/test-context.js'
import { seen } from './fixtures/facts.js'
import { askNowhere, isLikeNowhere } from './nowhere.js'

describe('a page that does not exist', () => {
  it('is asked in the same way, beside the real one', async () => {
    const asked: string[] = []
    const server = await serve((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.text}`)
      response.writeHead(404).end('Not found')
    })
    const context = testContext({}, server.origin)
    for (const path of ['/reset', '/reset/?lang=en', '/']) {
      const answer = await askNowhere(context, { path, form: { email: '{{name}}' } }, { name: 'anna' })
      expect(answer.status).toBe(404)
    }
    expect(asked[0]).toMatch(/^POST \/reset-ppt[\da-f]{16} email=anna$/)
    expect(asked[1]).toMatch(/^POST \/reset-ppt[\da-f]{16} email=anna$/)
    expect(asked[2]).toMatch(/^POST \/ppt[\da-f]{16} email=anna$/)
    await context.close()
    await server.close()
  })

  it('is told from a real one by status, headers or text, and not by a name or a nonce', () => {
    const page = seen({ text: '<p nonce="aB3dE5fG7hJ9kL1m">Sent to anna@app.example</p>' })
    expect(
      isLikeNowhere(page, seen({ text: '<p nonce="zZ3dE5fG7hJ9kL1m">Sent to ben@app.example</p>' }), [
        'anna@app.example',
        'ben@app.example',
      ]),
    ).toBe(true)
    expect(isLikeNowhere(page, { ...page, status: 404 }, [])).toBe(false)
    expect(isLikeNowhere(page, { ...page, headers: { 'x-a': '1' } }, [])).toBe(false)
    expect(isLikeNowhere(page, seen({ text: 'Not found' }), [])).toBe(false)
  })
})
