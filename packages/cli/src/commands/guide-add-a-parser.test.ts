import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parapet, temporaryFolder } from '../fixtures/run-parapet.js'

const place = temporaryFolder()
const guide = readFileSync(join(import.meta.dirname, '../../../../docs/guides/detect-add-a-parser.md'), 'utf8')
/** the first block of a language */
const block = (language: string): string => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(guide)?.[1] ?? ''

describe('the guide to parsers', () => {
  it('shows a mapping that reads the line it shows', async () => {
    const { code, stdout, stderr } = await parapet([
      'parse',
      place.write('app.log', block('json')),
      '--mapping',
      place.write('app.yml', block('yaml')),
    ])
    expect([code, stderr]).toEqual([0, ''])
    expect(JSON.parse(stdout)).toMatchObject({
      '@timestamp': Date.UTC(2026, 10, 20, 10),
      'event.category': 'authentication',
      'event.action': 'login',
      'event.outcome': 'failure',
      'event.reason': 'unknown_user',
      'source.ip': '198.18.0.1',
      'user.name': 'ann',
      'user_agent.original': 'curl/8',
    })
  })

  it('shows a log_format that reads a line of it', async () => {
    const format = /--log-format '([^']+)'/.exec(guide)?.[1] ?? ''
    const log = place.write('access.log', '198.18.0.1 - ann [20/Nov/2026:10:00:00 +0000] "GET /a?b=1 HTTP/1.1" 200 12 "-" "curl/8" 0.004\n')
    const { code, stdout } = await parapet(['parse', log, '--log-format', format])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      'source.ip': '198.18.0.1',
      'user.name': 'ann',
      'url.path': '/a',
      'user_agent.original': 'curl/8',
    })
  })
})
