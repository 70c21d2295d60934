import { generateLog } from '@parapet/testkit'
import { describe, expect, it } from 'vitest'
import { nginxAccess, parserFor, parsers, recognizeFormat, sshd } from './index.js'

const CRON = 'Nov 20 03:04:05 web01 CRON[7]: pam_unix(cron:session): session closed for user root'
const SSH = 'Nov 20 03:04:05 web01 sshd[7]: Invalid user x from 198.18.0.1 port 1'
const WEB = '198.18.0.1 - - [20/Nov/2026:03:04:05 +0000] "GET / HTTP/1.1" 200 1 "-" "-"'

describe('a parser by name', () => {
  it('is given for every format, and names are unique', () => {
    for (const parser of parsers) expect(parserFor(parser.name)).toBe(parser)
    expect(new Set(parsers.map((parser) => parser.name)).size).toBe(parsers.length)
  })

  it.each(['', 'apache', 'SSHD', '__proto__', 'nginx'])('is refused for %j, with the names that there are', (name) => {
    expect(() => parserFor(name)).toThrow(
      expect.objectContaining({ code: 'PPT_FORMAT_UNKNOWN', detail: expect.stringContaining('nginx.access') }),
    )
  })
})

describe('recognising a format', () => {
  it('finds that of each generated log', () => {
    expect(recognizeFormat([...generateLog({ kind: 'ssh', lines: 500 }).lines])).toBe(sshd)
    expect(recognizeFormat([...generateLog({ kind: 'nginx', lines: 500 }).lines])).toBe(nginxAccess)
    expect(recognizeFormat([...generateLog({ kind: 'app', lines: 500 }).lines])).toBeUndefined()
  })

  it('takes an auth.log for one though only cron has written so far', () => {
    expect(recognizeFormat([CRON, CRON, ''])).toBe(sshd)
  })

  it('goes by most lines, not by the first', () => {
    expect(recognizeFormat(['garbage', WEB, SSH, SSH])).toBe(sshd)
    expect(recognizeFormat(['garbage', SSH, WEB, WEB])).toBe(nginxAccess)
  })

  it('prefers one line of a format to many of other programs', () => {
    expect(recognizeFormat([CRON, CRON, CRON, WEB])).toBe(nginxAccess)
  })

  it('is not decided by an attacker who writes log lines into a request', () => {
    const lines = Array.from({ length: 20 }, () => `198.18.0.1 - - [20/Nov/2026:03:04:05 +0000] "GET /${SSH} HTTP/1.1" 404 1 "-" "${SSH}"`)
    expect(recognizeFormat(lines)).toBe(nginxAccess)
  })

  it.each([[[]], [['']], [['hello', 'world']], [['\0\u001b[31m', '{"a":1}']]])('gives nothing for %j', (lines) => {
    expect(recognizeFormat(lines)).toBeUndefined()
  })
})
